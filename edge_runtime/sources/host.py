"""The machine itself as a sensor: load, memory, network and disk, at an even rate."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from fractions import Fraction
from typing import Any

import anyio
import numpy as np

from edge_runtime.errors import DataError, ToolError
from edge_runtime.sources.assemble import Assembler
from edge_runtime.sources.base import Source, SourceCounts
from edge_runtime.stream.block import Block
from edge_runtime.stream.clock import NS_PER_S
from edge_runtime.stream.resample import grid_time

__all__ = ["HostSource"]

READERS: dict[str, Callable[[Any], float]] = {
    "cpu_percent": lambda psutil: psutil.cpu_percent(),
    "memory_percent": lambda psutil: psutil.virtual_memory().percent,
    "load_1min": lambda psutil: psutil.getloadavg()[0],
    "processes": lambda psutil: len(psutil.pids()),
    "network_bytes_sent": lambda psutil: psutil.net_io_counters().bytes_sent,
    "network_bytes_received": lambda psutil: psutil.net_io_counters().bytes_recv,
    "disk_bytes_read": lambda psutil: psutil.disk_io_counters().read_bytes,
    "disk_bytes_written": lambda psutil: psutil.disk_io_counters().write_bytes,
    "context_switches": lambda psutil: psutil.cpu_stats().ctx_switches,
}
"""What can be read, and how; bytes and switches are counts since the start, told as their growth per second."""

GROWING = ("bytes", "switches")


class HostSource(Source):
    """A real live stream on any machine.

    Samples are taken at whole multiples of the period since the epoch. A value that cannot be read is NaN; a sample
    that could not be taken in time is a gap.

    Parameters
    ----------
    channels
        Which values; the message of an unknown name lists them all.
    rate_hz
        Samples per second.
    samples
        How many samples; None for an endless stream.

    Raises
    ------
    DataError
        If there is no such channel, or the rate is not above 0.
    ToolError
        If psutil is not installed.
    """

    def __init__(
        self,
        channels: Sequence[str] = ("cpu_percent", "memory_percent"),
        rate_hz: float = 10.0,
        *,
        samples: int | None = None,
    ) -> None:
        unknown = [name for name in channels if name not in READERS]
        if unknown or not channels or len(set(channels)) != len(channels):
            raise DataError(
                f"host source: channels are {', '.join(channels)}; choose, once each, of {', '.join(READERS)}"
            )
        if not (np.isfinite(rate_hz) and rate_hz > 0):
            raise DataError(f"host source: the rate is {rate_hz} Hz; it must be above 0")
        self.channels = tuple(channels)
        self.rate_hz = rate_hz
        self.counts = SourceCounts()
        self._samples = samples
        self._psutil = _package()
        self._before: dict[str, tuple[float, float]] = {}

    async def blocks(self) -> AsyncIterator[Block]:
        """Yield a block for each sample."""
        assembler = Assembler(self.rate_hz, self.counts)
        position = self._next_position()
        self._read()
        while self._samples is None or self.counts.samples < self._samples:
            due_ns = grid_time(position, self.rate_hz)
            await anyio.sleep(max(0.0, (due_ns - time.time_ns()) / NS_PER_S))
            # Reading the process table takes milliseconds: not in the event loop.
            values = await anyio.to_thread.run_sync(self._read)
            yield assembler.at(values, first_ns=due_ns)
            before, position = position, self._next_position()
            if position > before + 1:
                assembler.cut()

    def _next_position(self) -> int:
        """Return the grid's position after the present time."""
        return time.time_ns() * Fraction(self.rate_hz) // NS_PER_S + 1

    def _read(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        return np.array([[self._value(name) for name in self.channels]], dtype=np.float32)

    def _value(self, name: str) -> float:
        try:
            value = float(READERS[name](self._psutil))
        except (AttributeError, OSError, self._psutil.Error):
            # Some machines have no disk, or do not tell.
            return float("nan")
        if not any(part in name for part in GROWING):
            return value
        now = time.monotonic()
        before, at = self._before.get(name, (value, now - 1))
        self._before[name] = (value, now)
        return (value - before) / max(now - at, 1e-9)


def _package() -> Any:
    try:
        import psutil  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ToolError("a host source needs psutil: pip install 'edge-runtime[host]'") from error
    return psutil
