"""The ring buffer: a fixed stretch of the newest samples, any window of it contiguous, nothing copied."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError, OverrunError
from edge_runtime.stream.arrays import ScalarT, read_only
from edge_runtime.stream.block import Block, Flags

__all__ = ["RingBuffer", "ring_capacity"]


def ring_capacity(windows: Iterable[int], *, largest_block: int) -> int:
    """Return the smallest capacity in which no window is overwritten before it can be read.

    A window that is due at a block's first sample must still be there once the whole block is in.

    Parameters
    ----------
    windows
        The length in samples of each window that is read.
    largest_block
        The most samples that are appended between two readings.
    """
    return max(windows) + largest_block - 1


class RingBuffer:
    """The newest `capacity` samples of a stream, with their times and flags.

    Every sample is stored twice, `capacity` apart, so that any window of up to `capacity` samples lies in one
    piece and is handed out as a view. Samples are counted from the stream's start: the first one has the
    index 0, whatever has been overwritten since.

    There is one writer. A reader in the writer's own thread may keep a view until the next `append`; a `RingReader`
    reads in a thread of its own.

    Parameters
    ----------
    channels
        Samples' width.
    capacity
        How many samples are kept; `ring_capacity` says how many are needed.
    budget
        The most bytes that the ring may take; None: any number.

    Attributes
    ----------
    end
        Index after the newest sample; also how many samples have ever come.
    claimed
        What `end` will be when the append under way is done: what lies more than the capacity before it may be torn.
    overruns
        How many readings asked for samples that had been overwritten.

    Raises
    ------
    DataError
        If there is no channel or no capacity, or the ring does not fit the budget.
    """

    def __init__(self, channels: int, capacity: int, *, budget: int | None = None) -> None:
        if channels < 1 or capacity < 1:
            raise DataError(f"a ring of {capacity} samples of {channels} channels cannot be; both must be 1 or more")
        needed = 2 * capacity * _sample_bytes(channels)
        if budget is not None and needed > budget:
            raise DataError(
                f"a ring of {capacity} samples of {channels} channels takes {needed:,} bytes, but the budget is "
                f"{budget:,}; raise it, or shorten the window"
            )
        self.channels = channels
        self.capacity = capacity
        self.end = 0
        self.claimed = 0
        self.overruns = 0
        # Where flags were last written: as long as those are out of reach, all flags are zero already.
        self._flagged_end = -2 * capacity
        self._t_ns, self._samples, self._flags = _carve(channels, 2 * capacity)

    @property
    def start(self) -> int:
        """Index of the oldest sample that is still there."""
        return max(0, self.end - self.capacity)

    @property
    def nbytes(self) -> int:
        """Bytes that the ring holds, now and for ever."""
        return self._t_ns.nbytes + self._samples.nbytes + self._flags.nbytes

    def append(self, block: Block) -> None:
        """Add a block's samples; the oldest ones are overwritten.

        Of a block longer than the ring only the newest samples stay; all of them count.

        Raises
        ------
        DataError
            If the block has another number of channels.
        """
        count, channels = block.samples.shape
        if channels != self.channels:
            raise DataError(f"block {block.sequence} has {channels} channels; the ring holds {self.channels}")
        flags = None
        if block.flags:
            # A gap lies before the first sample; everything else is true of all of them.
            flags = np.full(count, np.uint8(block.flags & ~Flags.GAP))
            flags[:1] |= np.uint8(block.flags)
        self.append_samples(block.t_ns, block.samples, flags)

    def append_samples(
        self,
        t_ns: npt.NDArray[np.int64],
        samples: npt.NDArray[np.float32],
        flags: npt.NDArray[np.uint8] | None = None,
    ) -> None:
        """Add int64[n] times and float32[n, channels] samples, with uint8[n] `Flags` of each; None: no flags."""
        count = len(t_ns)
        skip = max(0, count - self.capacity)
        at = (self.end + skip) % self.capacity
        self.claimed = self.end + count
        self._store(self._t_ns, t_ns[skip:], at)
        self._store(self._samples, samples[skip:], at)
        if flags is not None:
            self._store(self._flags, flags[skip:], at)
            self._flagged_end = self.end + count
        elif self._flagged_end > self.claimed - 2 * self.capacity:
            self._clear_flags(count - skip, at)
        self.end = self.claimed

    def window(self, end: int, length: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Return the `length` samples before the index `end`.

        Returns
        -------
        t_ns
            int64[length], a read-only view.
        samples
            float32[length, channels], a contiguous read-only view.

        Raises
        ------
        OverrunError
            If some of them have been overwritten (this is counted) or have not come yet.
        DataError
            If `length` is below 1 or above the capacity.
        """
        at = self._locate(end, length)
        return read_only(self._t_ns[at : at + length]), read_only(self._samples[at : at + length])

    def windows(self, end: int, length: int, *, count: int, hop: int) -> npt.NDArray[np.float32]:
        """Return `count` windows, the first one before the index `end`, each `hop` samples after the last.

        Returns
        -------
        float32[count, length, channels], a read-only view in which the windows overlap.

        Raises
        ------
        OverrunError, DataError
            As `window`, for the whole stretch.
        """
        stretch = (count - 1) * hop + length
        at = self._locate(end + (count - 1) * hop, stretch)
        return _overlapping(self._samples[at : at + stretch], length, hop)

    def window_flags(self, end: int, length: int, *, count: int = 1, hop: int = 1) -> npt.NDArray[np.uint8]:
        """Return the flags of the windows that `windows` would return.

        Returns
        -------
        uint8[count], values of `Flags`

        Raises
        ------
        OverrunError, DataError
            As `windows`.
        """
        stretch = (count - 1) * hop + length
        at = self._locate(end + (count - 1) * hop, stretch)
        flags = _overlapping(self._flags[at : at + stretch], length, hop)
        merged: npt.NDArray[np.uint8] = np.bitwise_or.reduce(flags, axis=1)
        return merged

    def sample_flags(self, end: int, length: int) -> npt.NDArray[np.uint8]:
        """Return the flags of the `length` samples before the index `end`: uint8[length], a read-only view.

        Raises
        ------
        OverrunError, DataError
            As `window`.
        """
        at = self._locate(end, length)
        return read_only(self._flags[at : at + length])

    def peek(
        self, first: int, count: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
        """Return views of times, samples and flags where samples lie or lay; nobody checks that they still do."""
        part = slice(first % self.capacity, first % self.capacity + count)
        return self._t_ns[part], self._samples[part], self._flags[part]

    def time_of(self, index: int) -> int:
        """Return when a sample that is still there was acquired, in nanoseconds since the Unix epoch.

        Raises
        ------
        OverrunError
            If it is not there.
        """
        return int(self._t_ns[self._locate(index + 1, 1)])

    def times_of(self, index: int, *, count: int, hop: int) -> npt.NDArray[np.int64]:
        """Return when `count` samples, each `hop` after the one before, were acquired: int64[count], a read-only view.

        Raises
        ------
        OverrunError, DataError
            As `window`, for the whole stretch.
        """
        stretch = (count - 1) * hop + 1
        at = self._locate(index + stretch, stretch)
        return read_only(self._t_ns[at : at + stretch : hop])

    def _locate(self, end: int, length: int) -> int:
        if not 1 <= length <= self.capacity:
            raise DataError(f"a window of {length} samples cannot be read; the ring holds 1 to {self.capacity}")
        if end > self.end:
            raise OverrunError(f"samples up to {end} have not come yet; the newest is {self.end - 1}")
        first = end - length
        if first < self.start:
            self.overruns += 1
            raise OverrunError(f"samples from {first} have been overwritten; the oldest is {self.start}")
        return first % self.capacity

    def _store(self, target: npt.NDArray[ScalarT], source: npt.NDArray[ScalarT], at: int) -> None:
        """Write at `at` and at its mirror, `capacity` further on or back; `at + count` may reach into the mirror."""
        count = len(source)
        before_wrap = min(count, self.capacity - at)
        target[at : at + count] = source
        target[at + self.capacity : at + self.capacity + before_wrap] = source[:before_wrap]
        target[: count - before_wrap] = source[before_wrap:]

    def _clear_flags(self, count: int, at: int) -> None:
        before_wrap = min(count, self.capacity - at)
        self._flags[at : at + count] = 0
        self._flags[at + self.capacity : at + self.capacity + before_wrap] = 0
        self._flags[: count - before_wrap] = 0


def _sample_bytes(channels: int) -> int:
    """Bytes of one sample: its time, its values, its flags."""
    return 8 + 4 * channels + 1


def _carve(channels: int, length: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Make times, samples and flags out of one allocation, the widest type first so that all are aligned."""
    times_bytes = 8 * length
    samples_bytes = 4 * length * channels
    memory = np.zeros(times_bytes + samples_bytes + length, dtype=np.uint8)
    t_ns = memory[:times_bytes].view(np.int64)
    samples = memory[times_bytes : times_bytes + samples_bytes].view(np.float32).reshape(length, channels)
    return t_ns, samples, memory[times_bytes + samples_bytes :]


def _overlapping(array: npt.NDArray[ScalarT], length: int, hop: int) -> npt.NDArray[ScalarT]:
    """View `array` as windows along its first axis: [windows, length, ...]."""
    step = array.strides[0]
    return np.lib.stride_tricks.as_strided(
        array,
        shape=((len(array) - length) // hop + 1, length, *array.shape[1:]),
        strides=(hop * step, step, *array.strides[1:]),
        writeable=False,
    )
