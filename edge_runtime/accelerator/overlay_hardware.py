"""An overlay as its drivers share it: its bus, registers and memories, and who has used it last."""

from __future__ import annotations

from edge_runtime.accelerator.bus.base import Bus
from edge_runtime.accelerator.memories import Memories
from edge_runtime.accelerator.registers import Registers, identify
from edge_runtime.compiler.memory import BEAT_BYTES

__all__ = ["OverlayHardware"]


class OverlayHardware:
    """An overlay, reset and made ready for its drivers.

    Parameters
    ----------
    bus
        Leads to it.

    Attributes
    ----------
    registers, memories
        What is in it.
    parameters
        What it says of itself.
    by_jobs
        Whether inputs and outputs move by its burst master.
    last_used_by
        The driver whose head is in use: the register that says which bank is one for all programs.

    Raises
    ------
    AcceleratorError
        If what answers on the bus is no overlay of this release.
    """

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.registers = Registers(bus)
        self.parameters = identify(self.registers)
        self.memories = Memories(bus, self.parameters)
        self.last_used_by: object = None
        self.registers.write_fields("CONTROL", RESET=1)
        self.by_jobs = self.parameters.axi_master and _has_memory(bus)
        self.registers.write_fields("IRQ_ENABLE", DONE=int(not self.by_jobs))
        if self.by_jobs:
            self.registers.write_fields("JOB_IRQ_ENABLE", DONE=1)


def _has_memory(bus: Bus) -> bool:
    """Whether the bus has memory that the burst master reaches."""
    block = bus.allocate(BEAT_BYTES)
    if block is None:
        return False
    block.free()
    return True
