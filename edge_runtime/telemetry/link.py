"""The link seam: what carries records from the outbox to whoever is to have them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import anyio
import anyio.lowlevel

from edge_runtime.errors import LinkError

__all__ = ["Carrier", "Letter", "Link", "MemoryCarrier"]


@dataclass(frozen=True)
class Letter:
    """A record on its way.

    Parameters
    ----------
    body
        The record as JSON, as it was put.
    late
        Whether it is sent later than it should have been.
    """

    body: bytes
    late: bool = False

    @cached_property
    def record(self) -> dict[str, Any]:
        """The record, with ``late`` where it is."""
        record: dict[str, Any] = json.loads(self.body)
        return {**record, "late": True} if self.late else record

    def as_json(self) -> bytes:
        """Return the record as JSON, with ``late`` where it is."""
        return self.body[:-1] + b',"late":true}' if self.late else self.body


class Link(ABC):
    """An open connection."""

    @abstractmethod
    async def send(self, letters: Sequence[Letter]) -> None:
        """Send records; return when the other side has acknowledged all of them.

        Several calls may be under way at once. A receiver may get a record twice, and tells by its id.

        Raises
        ------
        LinkError
            If they were not acknowledged in time, or were refused; some may have arrived.
        """

    @abstractmethod
    async def watch(self) -> None:
        """Return never; raise when the connection is found to be broken.

        Raises
        ------
        LinkError
            With the reason.
        """


class Carrier(ABC):
    """Makes links to one place."""

    @abstractmethod
    def connect(self) -> AbstractAsyncContextManager[Link]:
        """Open a link for as long as the context lasts; opening it has a deadline.

        Raises
        ------
        LinkError
            If it cannot be opened, or breaks while it is being closed.
        """


@dataclass
class MemoryCarrier(Carrier):
    """Delivers into a list: for tests, and to see what a pipeline would send.

    Parameters
    ----------
    reachable
        Whether connecting and sending works; change it at any time. An open link breaks when it is set to False and
        something is sent.
    delivered
        The records that were acknowledged.
    """

    reachable: bool = True
    delivered: list[dict[str, Any]] = field(default_factory=list)

    def connect(self) -> AbstractAsyncContextManager[Link]:
        """Open a link."""
        return _MemoryConnection(self)


class _MemoryConnection(AbstractAsyncContextManager[Link], Link):
    def __init__(self, carrier: MemoryCarrier) -> None:
        self._carrier = carrier

    async def __aenter__(self) -> Link:
        self._check()
        return self

    async def __aexit__(self, *_: object) -> None:
        await anyio.lowlevel.checkpoint()

    async def send(self, letters: Sequence[Letter]) -> None:
        await anyio.lowlevel.checkpoint()
        self._check()
        self._carrier.delivered += [letter.record for letter in letters]

    async def watch(self) -> None:
        await anyio.sleep_forever()

    def _check(self) -> None:
        if not self._carrier.reachable:
            raise LinkError("memory carrier: set to be unreachable")
