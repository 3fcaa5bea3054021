"""What every side of the benchmark is given, and what it tells: the same samples, at the same pace."""

from __future__ import annotations

import json
import resource
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime.stream import Block, sample_times

__all__ = ["CHANNELS", "HOP", "RATE_HZ", "WINDOW", "Meter", "block_of", "last_time", "make_blocks"]

RATE_HZ = 10.0
PERIOD_NS = 100_000_000
WINDOW, HOP = 40, 10
CHANNELS = 6
DISTINCT = 512


def make_blocks(count: int) -> list[npt.NDArray[np.float32]]:
    """Return blocks of a hop each, float32[10, 6]; after `DISTINCT` of them they begin anew."""
    random = np.random.default_rng(0)
    t = np.arange(DISTINCT * HOP)[:, None] / RATE_HZ
    waves = 5 * np.sin(2 * np.pi * t * np.array([0.4, 0.9, 1.7, 2.2, 3.1, 4.2]))
    samples = (waves + random.standard_normal((len(t), CHANNELS))).astype(np.float32)
    distinct = [samples[at : at + HOP] for at in range(0, len(samples), HOP)]
    return [distinct[number % DISTINCT] for number in range(count)]


def last_time(number: int) -> int:
    """Return the time of a block's last sample."""
    return (number * HOP + HOP - 1) * PERIOD_NS


def block_of(number: int, samples: npt.NDArray[np.float32]) -> Block:
    """Return a block as the daemon takes it."""
    return Block(sample_times(number * HOP, HOP, rate_hz=RATE_HZ), samples, number)


@dataclass
class Meter:
    """What a side measures of itself: when each block went in, its memory on the way, its processor time."""

    blocks: int
    rss_mb: list[float] = field(default_factory=list)
    _sent_ns: npt.NDArray[np.int64] = field(init=False)
    _cpu_s: float = 0.0

    def __post_init__(self) -> None:
        # Taken at once, so that what is measured does not grow with the measuring.
        self._sent_ns = np.ones(self.blocks, dtype=np.int64)

    def block(self, number: int) -> None:
        """Note that a block, whose last sample has just been taken, goes in."""
        if number == self.blocks // 10:
            # Imports and first allocations are behind.
            self._cpu_s = _cpu_s()
        if number % max(1, self.blocks // 20) == 0:
            self.rss_mb.append(_rss_mb())
        self._sent_ns[number] = time.monotonic_ns()

    def write(self, path: Path) -> None:
        """Write what was measured."""
        rss_mb = [*self.rss_mb, _rss_mb()]
        measured = {
            "sent": [(last_time(number), at_ns) for number, at_ns in enumerate(self._sent_ns.tolist())],
            "rss_mb": rss_mb,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "cpu_us": 1e6 * (_cpu_s() - self._cpu_s) / max(1, self.blocks - self.blocks // 10),
        }
        path.write_text(json.dumps(measured))


def _cpu_s() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20
