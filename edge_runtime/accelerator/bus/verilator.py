"""The simulated overlay as a bus: the verilated RTL behind an AXI4-Lite master, in this process."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime.accelerator.bus.base import WORD_BYTES, Bus, SharedBuffer, check_words
from edge_runtime.accelerator.bus.verilator_build import TraceFormat, build_simulation
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.errors import BusError, ConfigError

__all__ = ["VerilatorBus"]

_SLAVE_ERROR = 1
_TIMEOUT = 2
# How many cycles pass between two looks at the wall clock: a few milliseconds' worth.
_CYCLES_PER_LOOK = 4096
# Where the simulated processor's memory begins, and how its blocks are aligned.
_MEMORY_AT = 0x1000_0000
_PAGE = 4096


class VerilatorBus(Bus):
    """A simulated overlay.

    Parameters
    ----------
    parameters
        What to size the RTL with; built on first use, then taken from the cache.
    trace
        Write waveforms to this file, ``.fst`` or ``.vcd``.
    memory_seed
        Of the latencies and stalls of the memory behind the burst master; 0: it always takes the mean latency and
        never stalls.

    Raises
    ------
    ToolError
        If the simulation cannot be built.
    ConfigError
        If `trace` has another suffix.
    """

    def __init__(self, parameters: OverlayParameters, trace: Path | None = None, *, memory_seed: int = 1) -> None:
        self._library = _load(build_simulation(parameters, _trace_format(trace)))
        self._overlay: int | None = self._library.edge_open(str(trace).encode() if trace else None, memory_seed)
        self._has_memory = parameters.axi_master
        self._next_block = _MEMORY_AT
        self._mapped: dict[int, npt.NDArray[np.uint8]] = {}

    def read(self, offset: int, length: int) -> bytes:  # noqa: D102 - as the base says
        check_words(offset, length)
        words = ctypes.create_string_buffer(length)
        self._check("read", offset, self._library.edge_read(self._handle(), offset, words, length // WORD_BYTES))
        return words.raw

    def write(self, offset: int, data: bytes) -> None:  # noqa: D102 - as the base says
        check_words(offset, len(data))
        self._check(
            "write", offset, self._library.edge_write(self._handle(), offset, bytes(data), len(data) // WORD_BYTES)
        )

    def wait_interrupt(self, deadline_s: float) -> bool:  # noqa: D102 - as the base says
        until = time.monotonic() + deadline_s
        while not self._library.edge_wait_interrupt(self._handle(), _CYCLES_PER_LOOK):
            if time.monotonic() >= until:
                return False
        return True

    def allocate(self, length: int) -> SharedBuffer | None:  # noqa: D102 - as the base says
        if not self._has_memory:
            return None
        block, address = np.zeros(length, np.uint8), self._next_block
        self._next_block += -(-length // _PAGE) * _PAGE + _PAGE
        self.map(address, block)
        return _Block(address, block, self.unmap)

    def map(self, address: int, block: npt.NDArray[np.uint8]) -> None:
        """Let the burst master find `block`, uint8[n] without gaps, at a physical address until it is unmapped."""
        self._library.edge_map(self._handle(), address, block.ctypes.data, block.nbytes)
        self._mapped[address] = block

    def unmap(self, address: int) -> None:
        """Let nothing be at a physical address any longer."""
        if self._overlay is not None and self._mapped.pop(address, None) is not None:
            self._library.edge_unmap(self._overlay, address)

    @property
    def cycles(self) -> int:
        """Clock cycles since the simulation began."""
        return int(self._library.edge_cycles(self._handle()))

    def close(self) -> None:  # noqa: D102 - as the base says
        if self._overlay is not None:
            self._library.edge_close(self._overlay)
            self._overlay = None

    def _handle(self) -> int:
        if self._overlay is None:
            raise BusError("the simulation is closed")
        return self._overlay

    @staticmethod
    def _check(what: str, offset: int, status: int) -> None:
        if status == _SLAVE_ERROR:
            raise BusError(f"{what} at {offset:#x}: the overlay answered SLVERR; nothing is there to {what}")
        if status == _TIMEOUT:
            raise BusError(f"{what} at {offset:#x}: the overlay does not answer")


class _Block(SharedBuffer):
    """A block of the simulated processor's memory."""

    def __init__(self, address: int, block: npt.NDArray[np.uint8], unmap: Callable[[int], None]) -> None:
        super().__init__(address, block)
        self._unmap = unmap

    def free(self) -> None:
        self._unmap(self.address)


def _trace_format(trace: Path | None) -> TraceFormat | None:
    if trace is None:
        return None
    if trace.suffix == ".fst":
        return "fst"
    if trace.suffix == ".vcd":
        return "vcd"
    raise ConfigError(f"trace file {trace} has an unknown format; name it with .fst or .vcd")


@lru_cache(maxsize=8)
def _load(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    library.edge_open.restype = ctypes.c_void_p
    library.edge_open.argtypes = [ctypes.c_char_p, ctypes.c_uint32]
    library.edge_close.argtypes = [ctypes.c_void_p]
    for name in ("edge_read", "edge_write"):
        getattr(library, name).argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_char_p, ctypes.c_uint32]
    library.edge_wait_interrupt.argtypes = [ctypes.c_void_p, ctypes.c_uint64]
    library.edge_map.argtypes = [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_uint64]
    library.edge_unmap.argtypes = [ctypes.c_void_p, ctypes.c_uint64]
    library.edge_cycles.argtypes = [ctypes.c_void_p]
    library.edge_cycles.restype = ctypes.c_uint64
    return library
