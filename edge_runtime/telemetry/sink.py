"""The sink seam: takes records, and says when they are as durable as it promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType

from typing_extensions import Self

from edge_runtime.telemetry.record import Record

__all__ = ["Sink"]


class Sink(ABC):
    """Where records go; used with ``async with``, or closed by hand.

    Attributes
    ----------
    acknowledged
        How many records `put` has returned for.
    failed
        How many records `put` has raised `SinkError` for.
    kinds
        Which kinds of records it is given; None: all.
    at_once
        How many calls of `put` may wait at the same time.
    blocks
        Whether whoever puts shall wait, however long, when the sink takes nothing.
    """

    kinds: frozenset[str] | None = None
    at_once: int = 1
    blocks: bool = False

    def __init__(self) -> None:
        self.acknowledged = 0
        self.failed = 0

    @abstractmethod
    async def put(self, records: Sequence[Record]) -> None:
        """Take records, in order; return when they are as durable as this sink promises.

        Several tasks may call it at once. A cancelled call promises nothing about its records.

        Raises
        ------
        SinkError
            If they could not be made durable. None of them counts as acknowledged, and the sink goes on:
            a later call may succeed.
        DataError
            If a record cannot be encoded; none of the call's records is taken.
        """

    @abstractmethod
    async def close(self) -> None:
        """Release what the sink holds; closing twice does nothing, and `put` then raises `SinkError`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
