"""The overlay's registers by name, and what it says of itself."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from edge_runtime.accelerator.bus.base import WORD_BYTES, Bus
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.errors import AcceleratorError, BusError

__all__ = ["Registers", "has_jobs", "identify"]

_WORD = struct.Struct("<I")


class Registers:
    """Reads and writes registers and their fields over a bus."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._map = host_interface().registers

    def read(self, name: str) -> int:
        """Return a register's word."""
        return int(_WORD.unpack(self._bus.read(self._map[name].offset, WORD_BYTES))[0])

    def read_fields(self, name: str) -> dict[str, int]:
        """Return a register's fields."""
        word = self.read(name)
        return {field.name: field.get(word) for field in self._map[name].fields.values()}

    def write(self, name: str, word: int) -> None:
        """Write a register's word."""
        self._bus.write(self._map[name].offset, _WORD.pack(word))

    def read_block(self, first: str, count: int) -> tuple[int, ...]:
        """Return the words of `count` registers that follow each other."""
        return struct.unpack(f"<{count}I", self._bus.read(self._map[first].offset, count * WORD_BYTES))

    def write_block(self, first: str, words: Sequence[int]) -> None:
        """Write registers that follow each other."""
        self._bus.write(self._map[first].offset, struct.pack(f"<{len(words)}I", *words))

    def write_fields(self, name: str, **fields: int) -> None:
        """Write a register from its fields; those not given are 0."""
        register = self._map[name]
        self.write(name, sum(register.fields[field].put(value) for field, value in fields.items()))


def identify(registers: Registers) -> OverlayParameters:
    """Ask the hardware what it is.

    Raises
    ------
    AcceleratorError
        If it is no overlay of ours, or one with another host interface.
    """
    interface = host_interface()
    magic = registers.read("MAGIC")
    if magic != interface.magic:
        raise AcceleratorError(
            f"no overlay answers on this bus: its first word is {magic:#010x}, not {interface.magic:#010x}; "
            "is the right bitstream loaded?"
        )
    version = registers.read("VERSION")
    if version != interface.version:
        raise AcceleratorError(
            f"the overlay has host interface version {version} and this release drives version {interface.version}; "
            "load a bitstream of this release"
        )
    shape = registers.read_fields("ARRAY")
    vector = registers.read_fields("VECTOR")
    return OverlayParameters(
        k_lanes=shape["K_LANES"],
        oc_lanes=shape["OC_LANES"],
        requant_lanes=shape["REQUANT_LANES"],
        packed=bool(shape["PACKED"]),
        act_bytes=registers.read("ACT_BYTES"),
        weight_rows=registers.read("WEIGHT_ROWS"),
        param_channels=registers.read("PARAM_CHANNELS"),
        descriptors=registers.read("DESCRIPTORS"),
        vec_lanes=vector["VEC_LANES"],
        row_buffer_bytes=vector["ROW_BUFFER_BYTES"],
        vec_weight_rows=registers.read("VEC_WEIGHT_ROWS"),
        vec_param_channels=registers.read("VEC_PARAM_CHANNELS"),
        table_pairs=registers.read("TABLE_PAIRS"),
        axi_master=has_jobs(registers),
    )


def has_jobs(registers: Registers) -> bool:
    """Whether the overlay has a burst master; where it has none, its registers answer with an error, or with zeros."""
    try:
        return registers.read("JOB_MAGIC") == host_interface().jobs_magic
    except BusError:
        return False
