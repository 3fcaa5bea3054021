"""A computed stream for tests, demonstrations and benchmarks: sines and noise, the same for the same seed."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.sources.base import Source, SourceCounts
from edge_runtime.sources.pace import Pace, Pacer
from edge_runtime.stream.block import Block
from edge_runtime.stream.channels import check_channel_names
from edge_runtime.stream.clock import sample_times

__all__ = ["SyntheticSource"]

TONES = 3
"""Sines per channel."""


class SyntheticSource(Source):
    """Motion or vibration as a sum of sines per channel, with white noise.

    The seed gives each channel its own sines: frequencies spread evenly below a quarter of the rate, amplitudes that
    fall with frequency, random phases. A sample depends on the seed and its index alone, however the stream is cut
    into blocks.

    Parameters
    ----------
    channels
        The channels' names.
    rate_hz
        Samples per second.
    seed
        What the stream is made from.
    block_size
        Samples in each block.
    blocks
        How many blocks; None for an endless stream.
    noise
        Standard deviation of the noise; the strongest sine has the amplitude 1.
    start_ns
        When the first sample is acquired.
    pace
        ``"max"``, or a factor of real time.

    Raises
    ------
    DataError
        If a parameter is out of range.
    """

    def __init__(
        self,
        channels: Sequence[str],
        rate_hz: float,
        *,
        seed: int = 0,
        block_size: int = 64,
        blocks: int | None = None,
        noise: float = 0.1,
        start_ns: int = 0,
        pace: Pace = "max",
    ) -> None:
        check_channel_names(channels, where="synthetic source")
        if block_size < 1 or not noise >= 0 or (blocks is not None and blocks < 0):
            raise DataError(
                f"synthetic source: block_size is {block_size}, noise {noise}, blocks {blocks}; "
                f"block_size must be 1 or more, the others 0 or more"
            )
        self.channels = tuple(channels)
        self.rate_hz = rate_hz
        self.counts = SourceCounts()
        self._seed = seed
        self._block_size = block_size
        self._blocks = blocks
        self._noise = noise
        self._start_ns = start_ns
        self._pace = pace
        self._tones = _draw_tones(seed, len(self.channels), rate_hz)
        Pacer(pace)

    async def blocks(self) -> AsyncIterator[Block]:
        """Yield the stream's blocks at the chosen pace; each call starts it anew."""
        pacer = Pacer(self._pace)
        for block in self.generate():
            await pacer.wait(first_ns=self._start_ns, due_ns=int(block.t_ns[-1]))
            self.counts.add(block)
            yield block

    def generate(self) -> Iterator[Block]:
        """Yield the same blocks at once, outside of any event loop."""
        noise = np.random.default_rng([self._seed, 1])
        numbers = itertools.count() if self._blocks is None else range(self._blocks)
        for sequence in numbers:
            first = sequence * self._block_size
            t_ns = sample_times(first, self._block_size, rate_hz=self.rate_hz, start_ns=self._start_ns)
            samples = self._sines(first)
            samples += self._noise * noise.standard_normal(samples.shape)
            yield Block(t_ns, samples.astype(np.float32), sequence)

    def _sines(self, first: int) -> npt.NDArray[np.float64]:
        """Return float64[block_size, channels], the sum of the sines from the sample `first` on."""
        frequency, amplitude, phase = self._tones
        index = np.arange(first, first + self._block_size, dtype=np.float64)
        # Whole turns are dropped before the multiplication by 2 pi, so that an endless stream stays exact.
        turns = np.mod(index[:, None, None] * frequency, 1.0)
        waves: npt.NDArray[np.float64] = (amplitude * np.sin(2 * np.pi * turns + phase)).sum(axis=2)
        return waves


def _draw_tones(seed: int, channels: int, rate_hz: float) -> tuple[npt.NDArray[np.float64], ...]:
    """Return frequency (turns per sample), amplitude and phase (radians), each float64[channels, TONES]."""
    if not (np.isfinite(rate_hz) and rate_hz > 0):
        raise DataError(f"synthetic source: the rate is {rate_hz} Hz; it must be above 0")
    random = np.random.default_rng([seed, 0])
    order = np.arange(1, TONES + 1)
    frequency = random.uniform(0.5, 1.0, (channels, TONES)) * order * (0.25 / TONES)
    amplitude = np.broadcast_to(1.0 / order, (channels, TONES))
    phase = random.uniform(0.0, 2 * np.pi, (channels, TONES))
    return frequency, amplitude, phase
