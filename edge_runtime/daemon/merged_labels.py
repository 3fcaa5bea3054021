"""Labels from several feeds, as one."""

from __future__ import annotations

from collections.abc import Sequence

from edge_runtime.daemon.labels import AnyLabel, LabelFeed

__all__ = ["MergedLabels"]


class MergedLabels(LabelFeed):
    """Hears and asks several feeds, the first one first.

    Parameters
    ----------
    feeds
        The feeds.
    """

    def __init__(self, feeds: Sequence[LabelFeed]) -> None:
        self._feeds = tuple(feeds)

    def predicted(self, prediction: int, *, start_ns: int, end_ns: int) -> None:
        """Pass a prediction on to every feed."""
        for feed in self._feeds:
            feed.predicted(prediction, start_ns=start_ns, end_ns=end_ns)

    def due(self, now_ns: int) -> Sequence[AnyLabel]:
        """Return what every feed has."""
        return [label for feed in self._feeds for label in feed.due(now_ns)]
