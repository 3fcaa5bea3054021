"""Jobs of the burst master: inputs fetched and outputs stored beside the computation, two jobs at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.accelerator.bus.base import Bus, SharedBuffer
from edge_runtime.accelerator.memories import put_tensor, take_tensor
from edge_runtime.accelerator.registers import Registers
from edge_runtime.compiler.program import Part, Placement
from edge_runtime.compiler.transfers import Region, part_regions
from edge_runtime.errors import AcceleratorError, BusError, DeadlineError

__all__ = ["PENDING_JOBS", "JobResult", "Jobs"]

#: How many jobs the burst master takes at a time.
PENDING_JOBS = 2


@dataclass(frozen=True)
class JobResult:
    """What came of a job.

    Parameters
    ----------
    tensors
        What it stored: by tensor, flat, int8 or uint8.
    run_cycles
        Of its run, in the engine.
    job_cycles
        From its doorbell to its last output in memory.
    period_cycles
        To that end from the end of the job before, or from its doorbell if that came later.
    """

    tensors: Mapping[int, npt.NDArray[Any]]
    run_cycles: int
    job_cycles: int
    period_cycles: int


class _Slot:
    """The memory of one job: its input and what it stores."""

    def __init__(self, bus: Bus, regions: Mapping[str, Region]) -> None:
        self.buffers = {name: _allocated(bus, region.length) for name, region in regions.items() if region.length}
        self._regions = regions

    def ring(self, registers: Registers) -> None:
        """Queue the job."""
        for name, region in self._regions.items():
            address = self.buffers[name].address if region.length else 0
            registers.write_block(f"JOB_{name}_ADDRESS", [address & 0xFFFFFFFF, address >> 32, *region])
        registers.write_fields("JOB_CONTROL", PUSH=1)

    def put(self, places: Sequence[Placement], values: Mapping[int, npt.NDArray[Any]]) -> None:
        """Write the inputs."""
        for place in places:
            put_tensor(self._block("INPUT", place), place, values[place.tensor])
        if "INPUT" in self.buffers:
            self.buffers["INPUT"].flush()

    def take(self, name: str, place: Placement, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Return a tensor from a region that was stored."""
        return take_tensor(self._block(name, place), place, dtype)

    def invalidate(self) -> None:
        """See what the burst master has stored."""
        for name, buffer in self.buffers.items():
            if name != "INPUT":
                buffer.invalidate()

    def free(self) -> None:
        """Give the memory back."""
        for buffer in self.buffers.values():
            buffer.free()

    def _block(self, name: str, place: Placement) -> npt.NDArray[np.int8]:
        return self.buffers[name].bytes[place.address - self._regions[name].offset :].view(np.int8)


def _allocated(bus: Bus, length: int) -> SharedBuffer:
    buffer = bus.allocate(length)
    if buffer is None:
        raise BusError("this bus has no memory that the overlay reaches")
    return buffer


class Jobs:
    """The jobs of one part of a program, over a bus with shared memory to an overlay with a burst master.

    Parameters
    ----------
    bus, registers
        To the overlay.
    part
        What a job runs.
    dtypes
        Of the part's outputs, by tensor.
    """

    def __init__(self, bus: Bus, registers: Registers, part: Part, dtypes: Mapping[int, npt.DTypeLike]) -> None:
        self._bus = bus
        self._registers = registers
        self._part = part
        self._dtypes = dtypes
        self._regions, self._stored_in = part_regions(part)
        self._idle = [_Slot(bus, self._regions) for _ in range(PENDING_JOBS)]
        self._pending: deque[_Slot] = deque()
        self._done = 0

    @property
    def pending(self) -> int:
        """How many jobs have been submitted and not collected."""
        return len(self._pending)

    def submit(self, values: Mapping[int, npt.NDArray[Any]]) -> None:
        """Queue a job on the part's inputs, by tensor; at most two may be pending."""
        slot = self._idle[0]
        slot.put(self._part.inputs, values)
        if not self._pending:
            self._registers.write("ENTRY", self._part.entry)
            self._registers.write("JOB_PREFETCH", self._part.prefetch)
            self._done = self._registers.read("JOBS_DONE")  # other parts' jobs count too
        slot.ring(self._registers)
        self._pending.append(self._idle.pop(0))

    def collect(self, deadline_s: float) -> JobResult:
        """Wait for the job that was submitted first, and return what it gave.

        Raises
        ------
        DeadlineError
            If it is not done in time; the engine was reset then, and all jobs are forgotten.
        AcceleratorError
            If the run failed, or memory answered with an error; the same.
        """
        self._wait(deadline_s)
        slot = self._pending.popleft()
        self._idle.append(slot)
        slot.invalidate()
        job, period, run = self._registers.read_block("JOB_CYCLES", 3)
        tensors = {
            place.tensor: slot.take(self._stored_in[place.tensor], place, self._dtypes[place.tensor])
            for place in self._part.outputs
        }
        return JobResult(tensors, run, job, period)

    def forget(self) -> None:
        """Reset the engine, with all jobs, and wait for the bursts that are under way."""
        self._registers.write_fields("CONTROL", RESET=1)
        self._idle += self._pending
        self._pending.clear()
        for _ in range(_DRAIN_LOOKS):
            if not self._registers.read_fields("JOB_STATUS")["MOVING"]:
                return
        raise AcceleratorError("the overlay's bursts do not end; is its port to memory wired and clocked?")

    def close(self) -> None:
        """Give the memory back, once no burst is under way."""
        if self._pending:
            self.forget()
        for slot in self._idle:
            slot.free()
        self._idle.clear()

    def _wait(self, deadline_s: float) -> None:
        while self._registers.read("JOBS_DONE") == self._done:
            if not self._bus.wait_interrupt(deadline_s):
                self.forget()
                raise DeadlineError(f"the job was not done within {deadline_s:g} s; the engine was reset")
            self._registers.write_fields("JOB_IRQ_STATUS", DONE=1)
        self._done = (self._done + 1) % (1 << 32)
        status = self._registers.read_fields("JOB_STATUS")
        errors = [text for name, text in _ERRORS.items() if status[name]]
        if errors:
            descriptor = self._registers.read("ERROR_DESCRIPTOR")
            self.forget()
            raise AcceleratorError(f"{errors[0].format(descriptor=descriptor)}; the engine was reset")


# A burst ends within microseconds; this is many times as long.
_DRAIN_LOOKS = 10_000
_ERRORS = {
    "FETCH_ERROR": "memory did not give the overlay its input: the buffer's address is not one that it reaches",
    "STORE_ERROR": "memory did not take the overlay's outputs: the buffer's address is not one that it reaches",
    "RUN_ERROR": "the engine stopped at descriptor {descriptor}: its operation is unknown",
}
