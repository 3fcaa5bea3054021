"""The bus to an overlay on a Zynq board, through the real pynq package."""

from __future__ import annotations

import asyncio
import importlib
import struct
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.accelerator.bus.base import WORD_BYTES, Bus, SharedBuffer, check_windows, check_words
from edge_runtime.accelerator.bus.pynq_hwh import CELL, DRIVER_VLNV
from edge_runtime.accelerator.registers import Registers, has_jobs
from edge_runtime.boards import Board
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.errors import BusError, ConfigError, ToolError

__all__ = ["PynqBus", "driver_class", "open_pynq_bus"]

# IRQ_ENABLE and IRQ_STATUS, and the same of jobs, lie beside each other.
_INTERRUPT = struct.Struct("<II")
# Polls follow each other at once at first, as most runs are short, and then give the processor away.
_EAGER_POLLS = 1000
_NAP_S = 0.0005


def open_pynq_bus(board: Board, *, bitstream: Path | None = None, device: Any = None) -> PynqBus:
    """Load a board's bitstream with pynq and return the bus to its overlay.

    Parameters
    ----------
    board
        A Zynq board.
    bitstream
        Another bitstream than the board's file names; its ``.hwh`` lies beside it.
    device
        Another pynq device than the active one: a simulated one.

    Raises
    ------
    ConfigError
        If it is no Zynq board.
    ToolError
        If pynq, its device or the bitstream is missing.
    BusError
        If the design has no overlay of ours.
    """
    if board.pynq is None:
        raise ConfigError(f"board {board.name!r} is not reached through pynq; its bus is {board.bus!r}")
    pynq = _pynq()
    driver_class()
    name = str(bitstream or board.pynq.bitstream)
    try:
        overlay = pynq.Overlay(name, device=device)
    except OSError as error:
        raise ToolError(
            f"pynq finds no bitstream {name}: build it with bitstreams/{board.name}/build.tcl and put {name} and its "
            f".hwh into pynq's overlays or the working directory ({error})"
        ) from error
    except RuntimeError as error:
        raise ToolError(f"pynq cannot load {name}: {error}; is this the board, and are you root?") from error
    cell = getattr(overlay, CELL, None) if CELL in overlay.ip_dict else None
    if not isinstance(cell, driver_class()):
        raise BusError(f"{name} has no overlay of ours: its design needs a cell {CELL} of type {DRIVER_VLNV}")
    return PynqBus(cell)


def _pynq() -> Any:
    try:
        return importlib.import_module("pynq")
    except ImportError as error:
        raise ToolError(
            "the pynq bus needs the pynq package: on a PYNQ image use its own Python (docs/on_the_board.md); "
            "elsewhere pip install 'edge-runtime[pynq]'"
        ) from error


@lru_cache(maxsize=1)
def driver_class() -> type[Any]:
    """Return the class that pynq makes of the overlay's cell; defining it registers it by its VLNV.

    Raises
    ------
    ToolError
        If pynq is missing.
    """
    base = _pynq().DefaultIP

    class EdgeOverlay(base):  # type: ignore[misc, valid-type]
        """The overlay in a block design: `bus` is what `edge_runtime.accelerator.OverlayAccelerator` drives."""

        bindto = [DRIVER_VLNV]  # noqa: RUF012 - as pynq wants it

        @property
        def bus(self) -> PynqBus:
            """The bus to this overlay."""
            return PynqBus(self)

    return EdgeOverlay


class PynqBus(Bus):
    """An overlay's cell in a loaded pynq overlay.

    Blocks go through the MMIO window whole: on a board, where it is mapped memory, as one copy of aligned words.

    Parameters
    ----------
    cell
        A `pynq.DefaultIP`: its ``mmio`` is used, and its interrupt ``irq`` if the design has one wired.
    """

    def __init__(self, cell: Any) -> None:
        self._mmio: Any = cell.mmio
        self._interrupt = getattr(cell, "irq", None)
        self._mapped = isinstance(self._mmio.array, np.ndarray)
        names = ["IRQ_ENABLE", *(["JOB_IRQ_ENABLE"] if has_jobs(Registers(self)) else [])]
        self._interrupts = [host_interface().registers[name].offset for name in names]

    def read(self, offset: int, length: int) -> bytes:  # noqa: D102 - as the base says
        mmio = self._checked(offset, length)
        if self._mapped:
            words = mmio.array[offset // WORD_BYTES : (offset + length) // WORD_BYTES]
            return bytes(np.array(words, np.uint32).tobytes())
        return bytes(mmio.device.read_registers(mmio.base_addr + offset, length)) if length else b""

    def write(self, offset: int, data: bytes) -> None:  # noqa: D102 - as the base says
        mmio = self._checked(offset, len(data))
        if self._mapped:
            mmio.array[offset // WORD_BYTES : (offset + len(data)) // WORD_BYTES] = np.frombuffer(data, np.uint32)
        elif data:
            mmio.write(offset, bytes(data))

    def wait_interrupt(self, deadline_s: float) -> bool:  # noqa: D102 - as the base says
        self._checked(0, 0)
        if self._is_up():
            return True
        if self._interrupt is not None and deadline_s > 0:
            _wait_for(self._interrupt, deadline_s)
            return self._is_up()
        return self._poll(time.monotonic() + deadline_s)

    def allocate(self, length: int) -> SharedBuffer | None:  # noqa: D102 - as the base says
        try:
            buffer = _pynq().allocate((length,), np.uint8, target=self._checked(0, 0).device)
        except RuntimeError as error:
            raise BusError(
                f"pynq cannot allocate {length:,} bytes: {error}; is the contiguous memory (CMA) used up?"
            ) from error
        buffer[:] = 0
        return _PynqBlock(buffer)

    def close(self) -> None:  # noqa: D102 - as the base says
        self._mmio = None

    def _is_up(self) -> bool:
        for at in self._interrupts:
            enable, status = _INTERRUPT.unpack(self.read(at, _INTERRUPT.size))
            if enable & status:
                return True
        return False

    def _poll(self, until: float) -> bool:
        polls = 0
        while time.monotonic() < until:
            if self._is_up():
                return True
            polls += 1
            if polls > _EAGER_POLLS:
                time.sleep(_NAP_S)
        return False

    def _checked(self, offset: int, length: int) -> Any:
        if self._mmio is None:
            raise BusError("the pynq bus is closed")
        check_words(offset, length)
        check_windows(offset, length)
        return self._mmio


class _PynqBlock(SharedBuffer):
    """A buffer of pynq's: contiguous memory at a physical address, behind the processor's caches."""

    def __init__(self, buffer: Any) -> None:
        super().__init__(int(buffer.device_address), np.asarray(buffer))
        self._buffer = buffer

    def flush(self) -> None:
        self._buffer.flush()

    def invalidate(self) -> None:
        self._buffer.invalidate()

    def free(self) -> None:
        self._buffer.freebuffer()


def _wait_for(interrupt: Any, deadline_s: float) -> None:
    """Wait for a pynq interrupt in an event loop of its own, for at most this long."""

    async def wait() -> None:
        try:
            await asyncio.wait_for(interrupt.wait(), deadline_s)
        except asyncio.TimeoutError:
            return

    asyncio.run(wait())
