"""Samples of a live device into blocks: host times from the device's clock, sequence numbers, gaps, counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_runtime.sources.base import SourceCounts
from edge_runtime.stream.block import Block, Flags
from edge_runtime.stream.clock import NS_PER_S
from edge_runtime.stream.clockmap import ClockMap

__all__ = ["Assembler"]


class Assembler:
    """Makes blocks that keep the source seam's contract, whatever a device sends.

    Parameters
    ----------
    rate_hz
        The stream's nominal rate.
    counts
        Where blocks are counted.

    Attributes
    ----------
    clock
        The device's clock in terms of the host's.
    """

    def __init__(self, rate_hz: float, counts: SourceCounts, *, clock: ClockMap | None = None) -> None:
        self.clock = clock or ClockMap()
        self._period_ns = NS_PER_S / rate_hz
        self._counts = counts
        self._sequence = 0
        self._last_ns: int | None = None
        self._gap = False

    def cut(self) -> None:
        """Say that an unknown number of samples is missing before the next block."""
        self._gap = True

    def restart(self) -> None:
        """Say that the device started anew: its clock begins anew too."""
        self.clock.reset()
        self.cut()

    def from_device(
        self, samples: npt.NDArray[np.float32], *, device_ns: int, arrival_ns: int, lost: bool = False
    ) -> Block:
        """Make a block of samples whose first one has this device time, and that arrived at this host time."""
        end_ns = device_ns + round((len(samples) - 1) * self._period_ns)
        self.clock.observe(end_ns, arrival_ns)
        first, last = self.clock.host_ns(device_ns), self.clock.host_ns(end_ns)
        return self._make(samples, np.linspace(0.0, last - first, len(samples)), first, lost=lost)

    def from_arrival(self, samples: npt.NDArray[np.float32], *, arrival_ns: int, lost: bool = False) -> Block:
        """Make a block of samples whose last one is taken to be acquired when the block arrived."""
        first = arrival_ns - round((len(samples) - 1) * self._period_ns)
        return self.at(samples, first_ns=first, lost=lost)

    def at(self, samples: npt.NDArray[np.float32], *, first_ns: int, lost: bool = False) -> Block:
        """Make a block of samples of which the first was acquired at this host time."""
        return self._make(samples, np.arange(len(samples)) * self._period_ns, first_ns, lost=lost)

    def _make(
        self, samples: npt.NDArray[np.float32], offsets: npt.NDArray[np.float64], first_ns: int, *, lost: bool
    ) -> Block:
        # Doubles hold 2**53: the large part is added as a whole number.
        t_ns = first_ns + np.rint(offsets).astype(np.int64)
        if self._last_ns is not None and t_ns[0] <= self._last_ns:
            # The estimate moved back: times still rise, and meet it again in a while.
            t_ns += self._last_ns + 1 - t_ns[0]
        gap = (lost or self._gap) and self._last_ns is not None
        flags = Flags.GAP if gap else Flags.NONE
        if not np.isfinite(samples).all():
            flags |= Flags.NOT_FINITE
        block = Block(t_ns, samples, self._sequence, flags)
        self._sequence += 1
        self._last_ns, self._gap = int(t_ns[-1]), False
        self._counts.add(block)
        return block
