"""Computed streams for tests, demonstrations and benchmarks: a signal and noise, the same for the same seed."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.sources.base import Source, SourceCounts
from edge_runtime.sources.pace import Pace, Pacer
from edge_runtime.sources.signals import Bearing, bearing_vibration, motion
from edge_runtime.stream.block import Block
from edge_runtime.stream.channels import check_channel_names
from edge_runtime.stream.clock import sample_times

__all__ = ["Signal", "SyntheticSource", "bearing_source", "motion_source"]

Signal = Callable[["npt.NDArray[np.float64]"], "npt.NDArray[np.float64]"]
"""From the indices of samples, float64[n], to the samples without noise, float64[n, channels]."""

TONES = 3
"""Sines per channel."""


class SyntheticSource(Source):
    """A signal with white noise; by default a sum of sines per channel.

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
    signal
        Another signal than the sines; each sample must follow from its index alone.

    Raises
    ------
    DataError
        If a parameter is out of range.
    """

    def __init__(  # noqa: PLR0913 - most have good defaults
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
        signal: Signal | None = None,
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
        self._signal = signal or self._sines
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
            samples = self._signal(np.arange(first, first + self._block_size, dtype=np.float64))
            samples += self._noise * noise.standard_normal(samples.shape)
            yield Block(t_ns, samples.astype(np.float32), sequence)

    def _sines(self, index: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return float64[n, channels], the sum of the sines."""
        frequency, amplitude, phase = self._tones
        # Whole turns are dropped before the multiplication by 2 pi, so that an endless stream stays exact.
        turns = np.mod(index[:, None, None] * frequency, 1.0)
        waves: npt.NDArray[np.float64] = (amplitude * np.sin(2 * np.pi * turns + phase)).sum(axis=2)
        return waves


def bearing_source(
    rate_hz: float, *, bearing: Bearing | None = None, fault: str = "none", **options: Any
) -> SyntheticSource:
    """Return the vibration of a rolling bearing, with one channel, ``vibration``.

    Parameters
    ----------
    rate_hz
        Samples per second.
    bearing
        Its geometry and speed; None: a usual one at 30 turns a second.
    fault
        ``"none"``, ``"outer"``, ``"inner"`` or ``"ball"``.
    **options
        As `SyntheticSource` takes them.

    Raises
    ------
    DataError
        If there is no such fault.
    """
    turning = bearing or Bearing()
    turning.fault_hz(fault)

    def signal(index: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return bearing_vibration(index, rate_hz, turning, fault)[:, None]

    return SyntheticSource(["vibration"], rate_hz, signal=signal, **options)


def motion_source(rate_hz: float, *, gait: str = "walking", **options: Any) -> SyntheticSource:
    """Return the accelerations of a body, in m/s²: ``forward``, ``sideways`` and ``up``.

    Parameters
    ----------
    rate_hz
        Samples per second.
    gait
        ``"standing"``, ``"walking"`` or ``"running"``.
    **options
        As `SyntheticSource` takes them.

    Raises
    ------
    DataError
        If there is no such gait.
    """
    motion(np.zeros(1), rate_hz, gait)

    def signal(index: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return motion(index, rate_hz, gait)

    return SyntheticSource(["forward", "sideways", "up"], rate_hz, signal=signal, **options)


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
