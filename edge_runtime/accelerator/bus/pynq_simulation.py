"""A pynq device in front of a simulated overlay: the real pynq package on a laptop.

``simulated_device(board)`` gives a `pynq.pl_server.device.Device`; ``pynq.Overlay(bitfile, device=device)`` then loads
the ``.hwh``, programs the clocks and binds drivers as on the board, and register accesses go to the verilated RTL. Any
other bus can stand in its place, for overlays of one's own.
"""

from __future__ import annotations

import importlib
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.accelerator.bus.base import Bus
from edge_runtime.accelerator.bus.pynq import PynqBus, open_pynq_bus
from edge_runtime.accelerator.bus.pynq_hwh import render_hwh
from edge_runtime.accelerator.bus.verilator import VerilatorBus
from edge_runtime.boards import Board
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.errors import BusError, ConfigError, ToolError

__all__ = ["SimulatedPynqBus", "simulated_device"]

# Clock registers as the images leave them. Zynq-7000, from 50 MHz: PLL feedback dividers 26, 21 and 20 at bit 12,
# FCLK0 on the IO PLL. Zynq UltraScale+, from 33.33 MHz: IO PLL feedback divider 90, halved; RPLL and DPLL alike.
_CLOCK_REGISTERS = {
    "armv7l": {0xF8000100: 26 << 12, 0xF8000104: 21 << 12, 0xF8000108: 20 << 12, 0xF8000170: 0x00100A00},
    "aarch64": {0xFF5E0020: 0x00015A00, 0xFF5E0030: 0x00015A00, 0xFD1A002C: 0x00015A00, 0xFF5E00C0: 0x01010F00},
}
_BUFFERS_AT = 0x1000_0000
_PAGE = 4096


class SimulatedPynqBus(PynqBus):
    """The pynq bus over a simulated device, which is closed with it.

    Raises
    ------
    ConfigError
        If it is no Zynq board.
    ToolError
        If pynq is missing, or the simulation cannot be built.
    """

    def __init__(self, board: Board) -> None:
        self._device = simulated_device(board)
        with tempfile.TemporaryDirectory() as folder:
            bitstream = Path(folder) / f"{board.name}.bit"
            bitstream.touch()
            bitstream.with_suffix(".hwh").write_text(render_hwh(board))
            bus = open_pynq_bus(board, bitstream=bitstream, device=self._device)
        self.__dict__.update(bus.__dict__)

    def close(self) -> None:  # noqa: D102 - as the base says
        super().close()
        self._device.bus.close()


def simulated_device(board: Board, bus: Bus | None = None) -> Any:
    """Return a pynq device with the board's overlay behind it, and make it pynq's active one.

    Parameters
    ----------
    board
        A Zynq board.
    bus
        What stands behind the overlay's addresses; None: the verilated overlay.

    Raises
    ------
    ConfigError
        If it is no Zynq board.
    ToolError
        If pynq is missing, or the simulation cannot be built.
    """
    if board.pynq is None:
        raise ConfigError(f"board {board.name!r} is not reached through pynq; its bus is {board.bus!r}")
    made = _device_class()(board, VerilatorBus(board.overlay) if bus is None else bus)
    _activate(made)
    return made


def _activate(device: Any) -> None:
    """Let those parts of pynq that take no device find this one, and its processor."""
    importlib.import_module("pynq.pl_server.device").Device.active_device = device
    processor: Any = importlib.import_module("pynq.ps")
    processor.CPU_ARCH = device.arch  # pynq 3.0.1 looks here, later ones at the device
    clocks = processor.Clocks
    if "_real_instance" in vars(clocks):
        del clocks._real_instance
    if hasattr(clocks, "set_device"):
        clocks.set_device(device)


class _Behaviour:
    """What a simulated device does: registers go to the overlay's bus, or to a model of the clocks."""

    def __init__(self, board: Board, bus: Bus) -> None:
        super().__init__(f"edge_runtime-{board.name}")  # type: ignore[call-arg]
        self.name = board.name
        self.bus = bus
        self.arch = board.pynq.arch if board.pynq else ""
        self.capabilities = {"REGISTER_RW": True}
        self.timestamp = ""
        self.clocks = dict(_CLOCK_REGISTERS[self.arch])
        self._base = board.pynq.base_address if board.pynq else 0
        names = ("IRQ_ENABLE", "JOB_IRQ_ENABLE")  # read together with the status behind it
        self._polled = [host_interface().registers[name].offset for name in names]
        self._next_buffer = _BUFFERS_AT

    def read_registers(self, address: int, length: int) -> bytes:
        """Return bytes from an absolute address."""
        offset = address - self._base
        if 0 <= offset < 1 << host_interface().address_width:
            if offset in self._polled:
                self.bus.wait_interrupt(0.0)  # the simulated clock stands still between accesses
            return self.bus.read(offset, length)
        if length != 4:
            raise BusError(f"address {address:#x}, length {length}: the simulated device has nothing there")
        return int(self.clocks.get(address, 0)).to_bytes(4, "little")

    def write_registers(self, address: int, data: bytes) -> None:
        """Write bytes at an absolute address."""
        offset = address - self._base
        if 0 <= offset < 1 << host_interface().address_width:
            self.bus.write(offset, bytes(data))
        else:
            self.clocks[address] = int.from_bytes(bytes(data)[:4], "little")

    def get_bitfile_metadata(self, bitfile_name: str, partial: bool = False) -> Any:
        """Read the ``.hwh`` beside the bitstream."""
        metadata = importlib.import_module("pynqmetadata.frontends").Metadata
        parser = importlib.import_module("pynq.metadata.runtime_metadata_parser").RuntimeMetadataParser
        del partial
        return parser(metadata(input=Path(bitfile_name).with_suffix(".hwh")))

    def download(self, bitstream: Any, parser: Any = None) -> None:
        """Take note of a bitstream; the overlay is there already."""
        self.post_download(bitstream, parser, self.name)  # type: ignore[attr-defined]

    def allocate(self, shape: Any, dtype: Any, **_: Any) -> Any:
        """Return a buffer of ordinary memory, at a made-up physical address where the overlay's bursts find it."""
        array = np.zeros(shape, dtype)
        address = self._next_buffer
        self._next_buffer += -(-array.nbytes // _PAGE) * _PAGE
        if isinstance(self.bus, VerilatorBus):
            self.bus.map(address, array.reshape(-1).view(np.uint8))
        return importlib.import_module("pynq.buffer").PynqBuffer(
            array.shape, array.dtype, buffer=array.data, device_address=address, coherent=False, bo=0, device=self
        )

    def flush(self, *_: Any) -> None:
        """Do nothing: there are no caches."""

    def invalidate(self, *_: Any) -> None:
        """Do nothing: there are no caches."""


@lru_cache(maxsize=1)
def _device_class() -> Any:
    try:
        base = importlib.import_module("pynq.pl_server.device").Device
    except ImportError as error:
        raise ToolError("a simulated pynq device needs the pynq package: pip install 'edge-runtime[pynq]'") from error
    return type(base)("SimulatedDevice", (_Behaviour, base), {})
