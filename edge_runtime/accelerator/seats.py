"""Which networks are in an overlay's memories: side by side where they fit together, in turn where they do not."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Generic, TypeVar

from edge_runtime.accelerator.base import Accelerator
from edge_runtime.accelerator.overlay import OverlayAccelerator
from edge_runtime.compiler.link import MemoryMap, moved
from edge_runtime.compiler.origin import Origin
from edge_runtime.compiler.program import Program
from edge_runtime.errors import AcceleratorError

__all__ = ["Seats"]

OwnerT = TypeVar("OwnerT")


class Seats(Generic[OwnerT]):
    """The networks that an overlay has in its memories, each behind an accelerator of its own.

    Where there is no room for another one, those that have not run for longest give way. An accelerator that is no
    overlay has room for one.

    Parameters
    ----------
    overlay
        Opened; closed with the seats.
    """

    def __init__(self, overlay: Accelerator) -> None:
        self._overlay = overlay
        self._map = MemoryMap(overlay.parameters) if isinstance(overlay, OverlayAccelerator) else None
        self._seated: dict[OwnerT, Accelerator] = {}  # the one that ran last comes last

    @property
    def owners(self) -> tuple[OwnerT, ...]:
        """Whose networks are there."""
        return tuple(self._seated)

    def use(self, owner: OwnerT) -> Accelerator | None:
        """Return what runs an owner's network, for its next run; None: it is not there."""
        seat = self._seated.pop(owner, None)
        if seat is not None:
            self._seated[owner] = seat
        return seat

    def put(self, owner: OwnerT, program: Program, load: Callable[[Accelerator, Program], None]) -> int:
        """Bring a network in, and return how many had to give way.

        Parameters
        ----------
        owner
            Whose.
        program
            The network's.
        load
            Loads it: given the accelerator, and the program moved to its place.

        Raises
        ------
        AcceleratorError, InputError
            As `load` does; the network is not there then.
        """
        self.leave(owner)
        gone, origin = 0, self._place(owner, program)
        while origin is None and self._seated:
            self.leave(next(iter(self._seated)))
            gone, origin = gone + 1, self._place(owner, program)
        seat = self._overlay.neighbour() if isinstance(self._overlay, OverlayAccelerator) else self._overlay
        try:
            # Where even an empty overlay has no room, loading says why.
            load(seat, moved(program, origin or Origin()))
        except BaseException:
            if self._map is not None:
                self._map.free(owner)
            raise
        self._seated[owner] = seat
        return gone

    def keep(self, owners: Collection[OwnerT]) -> None:
        """Let all others go."""
        for owner in self.owners:
            if owner not in owners:
                self.leave(owner)

    def leave(self, owner: OwnerT) -> None:
        """Let a network go; nothing happens where it is not there."""
        seat = self._seated.pop(owner, None)
        if self._map is None or seat is None:
            return
        self._map.free(owner)
        seat.close()

    def close(self) -> None:
        """Close the overlay, with all that is in it."""
        with suppress(AcceleratorError):  # it may be why it is closed
            self.keep(())
        with suppress(AcceleratorError):
            self._overlay.close()

    def _place(self, owner: OwnerT, program: Program) -> Origin | None:
        if self._map is not None:
            return self._map.place(owner, program)
        return None if self._seated else Origin()
