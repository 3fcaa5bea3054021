"""A bus without an overlay behind it: memories that remember, registers that answer, and an engine that only ends.

For tests of drivers, ours and others': it computes nothing, and it can be told to fail.
"""

from __future__ import annotations

from edge_runtime.accelerator.bus.base import WORD_BYTES, Bus, check_windows, check_words
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.errors import BusError

__all__ = ["FakeBus"]


class FakeBus(Bus):
    """Answers like an overlay with these parameters.

    Parameters
    ----------
    parameters
        What the identification registers say.
    hangs
        A run never ends.
    forgets
        The weight memory does not keep what is written.
    """

    def __init__(self, parameters: OverlayParameters, *, hangs: bool = False, forgets: bool = False) -> None:
        self._interface = host_interface()
        self._memory = bytearray(1 << self._interface.address_width)
        self._hangs = hangs
        self._forgets = forgets
        self._open = True
        shape = {
            "K_LANES": parameters.k_lanes,
            "OC_LANES": parameters.oc_lanes,
            "REQUANT_LANES": parameters.requant_lanes,
            "PACKED": int(parameters.packed),
        }
        fields = self._interface.registers["ARRAY"].fields
        vector = self._interface.registers["VECTOR"].fields
        self.poke("MAGIC", self._interface.magic)
        self.poke("VERSION", self._interface.version)
        self.poke("ARRAY", sum(fields[name].put(value) for name, value in shape.items()))
        self.poke("ACT_BYTES", parameters.act_bytes)
        self.poke("WEIGHT_ROWS", parameters.weight_rows)
        self.poke("PARAM_CHANNELS", parameters.param_channels)
        self.poke("DESCRIPTORS", parameters.descriptors)
        self.poke(
            "VECTOR",
            vector["VEC_LANES"].put(parameters.vec_lanes) + vector["ROW_BUFFER_BYTES"].put(parameters.row_buffer_bytes),
        )
        self.poke("VEC_WEIGHT_ROWS", parameters.vec_weight_rows)
        self.poke("VEC_PARAM_CHANNELS", parameters.vec_param_channels)
        self.poke("TABLE_PAIRS", parameters.table_pairs)
        self.poke("JOB_MAGIC", self._interface.jobs_magic * parameters.axi_master)

    def poke(self, register: str, word: int) -> None:
        """Set what a register answers."""
        offset = self._interface.registers[register].offset
        self._memory[offset : offset + WORD_BYTES] = word.to_bytes(WORD_BYTES, "little")

    def peek(self, register: str) -> int:
        """Return what a register answers."""
        offset = self._interface.registers[register].offset
        return int.from_bytes(self._memory[offset : offset + WORD_BYTES], "little")

    def read(self, offset: int, length: int) -> bytes:  # noqa: D102 - as the base says
        self._check(offset, length)
        return bytes(self._memory[offset : offset + length])

    def write(self, offset: int, data: bytes) -> None:  # noqa: D102 - as the base says
        self._check(offset, len(data))
        if offset < self._interface.windows["REGISTERS"].size:
            self._write_register(offset, int.from_bytes(data[:WORD_BYTES], "little"))
        elif not (self._forgets and offset >= self._interface.windows["WEIGHTS"].offset):
            self._memory[offset : offset + len(data)] = data

    def _write_register(self, offset: int, word: int) -> None:
        name = next(name for name, register in self._interface.registers.items() if register.offset == offset)
        if name == "CONTROL":
            started = bool(self._interface.registers["CONTROL"].fields["START"].get(word))
            if started and not self._hangs:
                self.run_engine()
            self.poke("IRQ_STATUS", int(started and not self._hangs))
        elif name == "IRQ_STATUS":
            self.poke(name, self.peek(name) & ~word)
        else:
            self.poke(name, word)

    def run_engine(self) -> None:
        """Do what a run does: nothing here."""

    def wait_interrupt(self, deadline_s: float) -> bool:  # noqa: ARG002, D102 - as the base says; it is known at once
        self._check(0, 0)
        return bool(self.peek("IRQ_STATUS") & self.peek("IRQ_ENABLE"))

    def close(self) -> None:  # noqa: D102 - as the base says
        self._open = False

    def _check(self, offset: int, length: int) -> None:
        if not self._open:
            raise BusError("the bus is closed")
        check_words(offset, length)
        check_windows(offset, length)
