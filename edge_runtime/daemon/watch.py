"""The watcher seam: who sees what goes through a pipeline, beside the records; and the hub as one."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from edge_runtime.features.compute import FeatureWindow
from edge_runtime.service.hub import Hub, Named
from edge_runtime.store import StoreSink
from edge_runtime.stream.block import Block

__all__ = ["FeatureKeeper", "HubWatcher", "Watcher"]

SHOWN_SAMPLES = 25
"""The most points of each channel that one event shows of a block."""


class Watcher(ABC):
    """Sees blocks, windows and records as they come; called on the event loop, it must be quick and must not fail."""

    @abstractmethod
    def block(self, pipeline: str, channels: Sequence[str], block: Block) -> None:
        """See a block that has been computed."""

    @abstractmethod
    def window(self, pipeline: str, names: Sequence[str], window: FeatureWindow) -> None:
        """See a window's features; `names` are the view's."""

    @abstractmethod
    def told(self, records: Sequence[Mapping[str, Any]]) -> None:
        """See what the pipeline tells."""


class FeatureKeeper(Watcher):
    """Gives each window's features to a store, which has its prediction from the pipeline's records.

    Parameters
    ----------
    sink
        The store.
    """

    def __init__(self, sink: StoreSink) -> None:
        self._sink = sink

    def block(self, pipeline: str, channels: Sequence[str], block: Block) -> None:
        """Keep nothing of it."""

    def window(self, pipeline: str, names: Sequence[str], window: FeatureWindow) -> None:
        """Keep the features."""
        self._sink.keep_features(pipeline, names, window.index, window.values)

    def told(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Leave it to the sink."""


class HubWatcher(Watcher):
    """Shows a pipeline to whoever listens to the hub, as often as an eye can follow.

    Parameters
    ----------
    hub
        The hub.
    shortest_s
        Seconds between two events of one kind and pipeline; records that are not predictions are always shown.
    """

    def __init__(self, hub: Hub, *, shortest_s: float = 0.1) -> None:
        self._hub = hub
        self._shortest_s = shortest_s
        self._last: dict[tuple[str, str], float] = {}

    def block(self, pipeline: str, channels: Sequence[str], block: Block) -> None:
        """Show some of the block's samples."""
        if not self._is_due("signal", pipeline):
            return
        step = -(-len(block.t_ns) // SHOWN_SAMPLES)
        shown = Named(channels, block.samples[::step].T.copy())
        t_ms = block.t_ns[::step] // 1_000_000
        self._hub.tell("signal", {"pipeline": pipeline, "t_ms": t_ms, "channels": shown})

    def window(self, pipeline: str, names: Sequence[str], window: FeatureWindow) -> None:
        """Show the features."""
        if self._is_due("features", pipeline):
            values = Named(names, window.values.copy())
            self._hub.tell("features", {"pipeline": pipeline, "t_ms": window.end_ns // 1_000_000, "values": values})

    def told(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Show the records."""
        for record in records:
            if record["kind"] != "prediction" or self._is_due("prediction", record["pipeline"]):
                self._hub.tell(record["kind"], record)

    def _is_due(self, kind: str, pipeline: str) -> bool:
        now = time.monotonic()
        if now - self._last.get((kind, pipeline), -1e9) < self._shortest_s:
            return False
        self._last[kind, pipeline] = now
        return True
