"""The bus seam: whole aligned words at byte offsets, and an interrupt, whatever lies between."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.errors import BusError

__all__ = ["WORD_BYTES", "Bus", "SharedBuffer"]

WORD_BYTES = 4


class SharedBuffer:
    """Memory that the overlay's burst master reaches as this program does.

    Parameters
    ----------
    address
        Where the burst master finds it; a multiple of 8.
    bytes
        uint8[length], the memory itself.
    """

    def __init__(self, address: int, bytes: npt.NDArray[np.uint8]) -> None:  # noqa: A002 - what they are
        self.address = address
        self.bytes = bytes

    def flush(self) -> None:
        """Let the burst master see what this program has written."""

    def invalidate(self) -> None:
        """Let this program see what the burst master has written."""

    def free(self) -> None:
        """Give the memory back; no burst may be under way in it."""


class Bus(ABC):
    """How a driver reaches an overlay. All that differs between a simulation and a board ends here."""

    gap_words = 0
    """So many words more cost less than another call, so a driver need not leave them out."""

    @abstractmethod
    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from byte `offset`; both are multiples of 4.

        Raises
        ------
        BusError
            If the range is not whole words, or the overlay answers with an error or not at all.
        """

    @abstractmethod
    def write(self, offset: int, data: bytes) -> None:
        """Write `data` at byte `offset`; it is in the overlay when this returns.

        Raises
        ------
        BusError
            As for `read`.
        """

    @abstractmethod
    def wait_interrupt(self, deadline_s: float) -> bool:
        """Wait until the overlay's interrupt line is high, for at most this long; return whether it is."""

    def allocate(self, length: int) -> SharedBuffer | None:
        """Return `length` bytes of zeroed memory that the overlay reaches; None where there is no such memory.

        Raises
        ------
        BusError
            If there is not enough of it.
        """
        del length
        return None

    @abstractmethod
    def close(self) -> None:
        """Release the bus; closing twice does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_words(offset: int, length: int) -> None:
    """Refuse what is not a range of whole words.

    Raises
    ------
    BusError
        If `offset` or `length` is negative or no multiple of 4.
    """
    if offset < 0 or length < 0 or offset % WORD_BYTES or length % WORD_BYTES:
        raise BusError(f"offset {offset:#x}, length {length}: a bus moves whole words; use multiples of {WORD_BYTES}")


def check_windows(offset: int, length: int) -> None:
    """Refuse what does not lie in one window of the host interface.

    A Zynq's processor dies of an answer with SLVERR, so a bus to one asks before it goes there.

    Raises
    ------
    BusError
        If nothing is there.
    """
    windows = [*host_interface().windows.values(), host_interface().jobs]
    if not any(window.offset <= offset and offset + length <= window.offset + window.size for window in windows):
        raise BusError(f"offset {offset:#x}, length {length}: nothing is there")
