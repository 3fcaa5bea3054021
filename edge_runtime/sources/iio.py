"""Industrial I/O devices of the Linux kernel: the XADC of a Zynq, and most IMUs and converters.

The files are those of the kernel's ``Documentation/ABI/testing/sysfs-bus-iio``: a channel's value is
``(raw + offset) * scale``, in the unit that the ABI names.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import anyio
import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.sources.assemble import Assembler
from edge_runtime.sources.base import Source, SourceCounts
from edge_runtime.stream.block import Block
from edge_runtime.stream.clock import NS_PER_S
from edge_runtime.stream.resample import grid_time

__all__ = ["IioSource", "ScanElement", "parse_scan_type"]

DEVICES = Path("/sys/bus/iio/devices")
SCAN_TYPE = re.compile(r"(le|be):([su])(\d+)/(\d+)(?:X\d+)?>>(\d+)")


@dataclass(frozen=True)
class ScanElement:
    """How a channel lies in a buffer.

    Parameters
    ----------
    big_endian, signed
        How the storage is read.
    bits, storage, shift
        Bits of the value, bits of the storage, and how far the value is shifted left in it.
    """

    big_endian: bool
    signed: bool
    bits: int
    storage: int
    shift: int

    def decode(self, raw: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Turn uint8[n, storage / 8] into values."""
        dtype = np.dtype(f"{'>' if self.big_endian else '<'}u{self.storage // 8}")
        words = np.ascontiguousarray(raw).view(dtype)[:, 0].astype(np.uint64) >> np.uint64(self.shift)
        words &= np.uint64((1 << self.bits) - 1)
        values = words.astype(np.float64)
        if self.signed:
            values[words >= np.uint64(1 << (self.bits - 1))] -= 2.0**self.bits
        return values


def parse_scan_type(text: str) -> ScanElement:
    """Read what a ``scan_elements/*_type`` file says.

    Raises
    ------
    DataError
        If it is nothing that the kernel writes.

    Examples
    --------
    >>> parse_scan_type("le:s12/16>>4")
    ScanElement(big_endian=False, signed=True, bits=12, storage=16, shift=4)
    """
    match = SCAN_TYPE.fullmatch(text.strip())
    if match is None or int(match[4]) not in (8, 16, 32, 64):
        raise DataError(f"iio: a scan type is {text.strip()!r}; it should look like le:s12/16>>4")
    return ScanElement(match[1] == "be", match[2] == "s", int(match[3]), int(match[4]), int(match[5]))


class IioSource(Source):
    """Reads an IIO device: polled through sysfs, or through its buffer.

    Parameters
    ----------
    device
        Its name (``xadc``), or its folder's (``iio:device0``).
    channels
        Channels as sysfs calls them, without ``in_``: ``voltage0_vccint``, ``accel_x``.
    rate_hz
        Samples per second; polled, this is how often it is read; buffered, what the device is set to where it can be.
    buffered
        Read the device's buffer.
    block_size
        Samples in a buffered block.
    samples
        How many samples; None for an endless stream.
    root, devices
        Where sysfs's IIO devices and their character devices are; for tests.

    Raises
    ------
    DataError
        If there is no such device or channel.
    """

    def __init__(
        self,
        device: str,
        channels: Sequence[str],
        rate_hz: float,
        *,
        buffered: bool = False,
        block_size: int = 64,
        samples: int | None = None,
        root: Path = DEVICES,
        devices: Path = Path("/dev"),
    ) -> None:
        if not (np.isfinite(rate_hz) and rate_hz > 0 and block_size > 0):
            raise DataError(f"iio source: the rate is {rate_hz} Hz, block_size {block_size}; both must be above 0")
        self._folder = _find(device, root)
        self.channels = tuple(channels)
        self.rate_hz = rate_hz
        self.counts = SourceCounts()
        self._buffered = buffered
        self._block_size = block_size
        self._samples = samples
        self._character = devices / self._folder.name
        self._scale = np.array([self._number(name, "scale", 1.0) for name in channels])
        self._offset = np.array([self._number(name, "offset", 0.0) for name in channels])
        missing = [name for name in channels if not self._there(name)]
        if missing or not channels:
            there = ", ".join(self._names())
            raise DataError(f"iio device {device}: has no channel {', '.join(missing)}; it has {there}")

    async def blocks(self) -> AsyncIterator[Block]:
        """Yield blocks as they are read."""
        assembler = Assembler(self.rate_hz, self.counts)
        async for block in self._from_buffer(assembler) if self._buffered else self._poll(assembler):
            yield block
            if self._samples is not None and self.counts.samples >= self._samples:
                return

    async def _poll(self, assembler: Assembler) -> AsyncIterator[Block]:
        position = self._next_position()
        while True:
            due_ns = grid_time(position, self.rate_hz)
            await anyio.sleep(max(0.0, (due_ns - time.time_ns()) / NS_PER_S))
            raw = await anyio.to_thread.run_sync(self._read_raw)
            samples = ((raw + self._offset) * self._scale).astype(np.float32)[None]
            yield assembler.at(samples, first_ns=due_ns)
            before, position = position, self._next_position()
            if position > before + 1:
                assembler.cut()

    def _next_position(self) -> int:
        """Return the grid's position after the present time."""
        return time.time_ns() * Fraction(self.rate_hz) // NS_PER_S + 1

    def _read_raw(self) -> npt.NDArray[np.float64]:
        return np.array([self._raw(name) for name in self.channels])

    def _raw(self, name: str) -> float:
        try:
            return float((self._folder / f"in_{name}_raw").read_text())
        except (OSError, ValueError):
            # A converter that is busy or gone for the moment.
            self.counts.broken += 1
            return float("nan")

    async def _from_buffer(self, assembler: Assembler) -> AsyncIterator[Block]:
        elements, order = self._enable()
        offsets, frame = _layout([elements[name] for name in order])
        descriptor = await anyio.to_thread.run_sync(os.open, self._character, os.O_RDONLY | os.O_NONBLOCK)
        try:
            rest = b""
            while True:
                await anyio.wait_readable(descriptor)
                data = rest + os.read(descriptor, frame * self._block_size - len(rest))
                whole = len(data) // frame * frame
                if not data:
                    return
                rest = data[whole:]
                if whole:
                    yield assembler.from_arrival(
                        self._decode(data[:whole], elements, order, offsets, frame), arrival_ns=time.time_ns()
                    )
        finally:
            os.close(descriptor)
            self._write("buffer/enable", "0")

    def _decode(
        self, data: bytes, elements: dict[str, ScanElement], order: list[str], offsets: list[int], frame: int
    ) -> npt.NDArray[np.float32]:
        table = np.frombuffer(data, np.uint8).reshape(-1, frame)
        at = dict(zip(order, offsets, strict=True))
        columns = [
            elements[name].decode(table[:, at[name] : at[name] + elements[name].storage // 8]) for name in self.channels
        ]
        samples: npt.NDArray[np.float32] = ((np.stack(columns, axis=1) + self._offset) * self._scale).astype(np.float32)
        return samples

    def _enable(self) -> tuple[dict[str, ScanElement], list[str]]:
        """Turn on the channels and the buffer, and return how they lie in it, in their order."""
        scan = self._folder / "scan_elements"
        self._write("buffer/enable", "0")
        for switch in scan.glob("in_*_en"):
            switch.write_text("1" if switch.name[3:-3] in self.channels else "0")
        elements = {name: parse_scan_type((scan / f"in_{name}_type").read_text()) for name in self.channels}
        order = sorted(self.channels, key=lambda name: int((scan / f"in_{name}_index").read_text()))
        if (self._folder / "sampling_frequency").exists():
            self._write("sampling_frequency", f"{self.rate_hz:g}")
        self._write("buffer/length", str(4 * self._block_size))
        self._write("buffer/enable", "1")
        return elements, order

    def _write(self, name: str, text: str) -> None:
        try:
            (self._folder / name).write_text(text)
        except OSError as error:
            where = f"iio device {self._folder.name}"
            raise DataError(f"{where}: {name} cannot be set to {text}: {error.strerror}") from error

    def _there(self, name: str) -> bool:
        if self._buffered:
            return (self._folder / "scan_elements" / f"in_{name}_en").exists()
        return (self._folder / f"in_{name}_raw").exists()

    def _names(self) -> list[str]:
        return sorted(path.name[3:-4] for path in self._folder.glob("in_*_raw"))

    def _number(self, name: str, what: str, default: float) -> float:
        """Return a channel's scale or offset: its own, or that of its type."""
        for stem in (name, re.sub(r"_[xyz]$", "", name), re.sub(r"\d.*$", "", name)):
            path = self._folder / f"in_{stem}_{what}"
            if path.exists():
                return float(path.read_text())
        return default


def _find(device: str, root: Path) -> Path:
    folders = sorted(root.glob("iio:device*")) if root.is_dir() else []
    names = {folder: (folder / "name").read_text().strip() for folder in folders if (folder / "name").exists()}
    for folder in folders:
        if device in (folder.name, names.get(folder)):
            return folder
    there = ", ".join(f"{names.get(folder, '')} ({folder.name})" for folder in folders) or "none"
    raise DataError(f"there is no iio device {device}; there is {there}")


def _layout(elements: list[ScanElement]) -> tuple[list[int], int]:
    """Return where each element lies in a frame, and the frame's size: each is aligned to its own size."""
    offsets, at = [], 0
    for element in elements:
        size = element.storage // 8
        at = -(-at // size) * size
        offsets.append(at)
        at += size
    largest = max(element.storage // 8 for element in elements)
    return offsets, -(-at // largest) * largest
