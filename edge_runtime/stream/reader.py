"""A reader of a ring buffer with a pace of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.stream.ring import RingBuffer

__all__ = ["RingReader", "Stretch"]


@dataclass(frozen=True)
class Stretch:
    """Neighbouring samples out of a ring, copied.

    Parameters
    ----------
    first
        The index of the first one.
    t_ns, samples, flags
        int64[n], float32[n, channels] and uint8[n].
    """

    first: int
    t_ns: npt.NDArray[np.int64]
    samples: npt.NDArray[np.float32]
    flags: npt.NDArray[np.uint8]


class RingReader:
    """Reads a ring from its newest sample on, each sample once and in order, in any thread.

    A reader that is too slow loses samples, which is counted; neither the writer nor other readers notice. Samples are
    copied, and the copy is checked against what the writer has overwritten meanwhile, so that none is torn.

    Parameters
    ----------
    ring
        What is read.

    Attributes
    ----------
    position
        The index of the next sample.
    overruns, lost
        How often samples had been overwritten before they were read, and how many.
    """

    def __init__(self, ring: RingBuffer) -> None:
        self._ring = ring
        self.position = ring.end
        self.overruns = 0
        self.lost = 0

    @property
    def behind(self) -> int:
        """How many samples wait."""
        return self._ring.end - self.position

    def read(self, most: int) -> Stretch | None:
        """Return the next samples, `most` at most; None if there is none.

        Raises
        ------
        DataError
            If `most` is below 1.
        """
        if most < 1:
            raise DataError(f"cannot read {most} samples; ask for 1 or more")
        while True:
            self._skip_lost()
            count = min(self.behind, most, self._ring.capacity)
            if count == 0:
                return None
            stretch = self._copy(count)
            # The writer claims what it will overwrite before it does: a copy that began behind that is whole.
            if self.position >= self._ring.claimed - self._ring.capacity:
                self.position += count
                return stretch

    def _skip_lost(self) -> None:
        oldest = max(0, self._ring.claimed - self._ring.capacity)
        if self.position < oldest:
            self.overruns += 1
            self.lost += oldest - self.position
            self.position = min(oldest, self._ring.end)

    def _copy(self, count: int) -> Stretch:
        first = self.position
        t_ns, samples, flags = self._ring.peek(first, count)
        return Stretch(first, t_ns.copy(), samples.copy(), flags.copy())
