"""The online store beside a pipeline: every window goes in, what waits is written now and then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import anyio
import structlog

from edge_runtime.daemon.watch import Watcher
from edge_runtime.errors import StateError
from edge_runtime.features import FeatureView, FeatureWindow, OnlineStore
from edge_runtime.stream.block import Block

__all__ = ["OnlineKeeper"]

log = structlog.get_logger(__name__)


class OnlineKeeper(Watcher):
    """Puts a pipeline's windows into the online store.

    Parameters
    ----------
    store
        The store; the keeper closes it.
    view, key
        The pipeline's view, also as an attribute: another network may have another view; and whose features they are.
    flush_every
        Seconds from one writing of what waits to the next; also as an attribute.
    """

    def __init__(self, store: OnlineStore, view: FeatureView, key: str, *, flush_every: float) -> None:
        self.store = store
        self.view = view
        self._key = key
        self.flush_every = flush_every

    def block(self, pipeline: str, channels: Sequence[str], block: Block) -> None:
        """Keep nothing of it."""

    def window(self, pipeline: str, names: Sequence[str], window: FeatureWindow) -> None:  # noqa: ARG002
        """Keep the features, in memory until the next flush."""
        self.store.put(self.view, self._key, window)

    def told(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Keep nothing of it."""

    async def run(self) -> None:
        """Write what waits, now and then and at the end; a disk that fails is told of, and tried again."""
        try:
            while True:
                await anyio.sleep(self.flush_every)
                await self._tried(self.store.flush)
        finally:
            with anyio.CancelScope(shield=True):
                await self._tried(self.store.close)

    async def _tried(self, write: Any) -> None:
        try:
            await anyio.to_thread.run_sync(write)
        except StateError as error:
            log.error("online store not written", error=str(error), waiting=self.store.waiting, lost=self.store.lost)
