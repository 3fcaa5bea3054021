"""How long a network takes to load over a serial cable, and an inference to move its inputs and outputs."""

from __future__ import annotations

import numpy as np

from edge_runtime.accelerator.bus.base import WORD_BYTES
from edge_runtime.accelerator.bus.fake import FakeBus
from edge_runtime.accelerator.bus.uart_frames import encode_frame
from edge_runtime.accelerator.bus.uart_link import BURST_WORDS, Command, Request
from edge_runtime.accelerator.overlay import OverlayAccelerator
from edge_runtime.compiler.program import Program

__all__ = ["serial_inference_s", "serial_load_s"]

_BITS_PER_CHARACTER = 10
_BURST_BYTES = BURST_WORDS * WORD_BYTES
# An answer's number and status; its words come behind.
_ANSWER_BYTES = 2


def serial_load_s(program: Program, baud: int) -> float:
    """Return how long a host sends, in seconds, to load a program over a line that loses nothing.

    Counted from the very frames that the driver sends; the answers come meanwhile, on the other wire.

    Parameters
    ----------
    program
        The program.
    baud
        The line's rate, in bits per second; a character takes ten.
    """
    return _counted(program, inferences=0).loading * _BITS_PER_CHARACTER / baud


def serial_inference_s(program: Program, baud: int) -> float:
    """Return how long an inference's inputs, outputs and registers take, in seconds, over a line that loses nothing.

    Counted from the very frames, each answer after its request; the computation and the cable's own delay come on top.

    Parameters
    ----------
    program
        The program.
    baud
        The line's rate, in bits per second; a character takes ten.
    """
    counts = _counted(program, inferences=1)
    return (counts.sent - counts.loading + counts.received) * _BITS_PER_CHARACTER / baud


def _counted(program: Program, *, inferences: int) -> _CountingBus:
    """Load a program, run it so many times, and return the bus that has counted."""
    bus = _CountingBus(program)
    tensors = [program.graph.tensors[index] for index in program.graph.inputs]
    with OverlayAccelerator(bus) as overlay:
        bus.sent = 0
        overlay.load(program)
        bus.loading, bus.received = bus.sent, 0
        for _ in range(inferences):
            overlay.infer([np.zeros(tensor.shape, tensor.dtype) for tensor in tensors])
        return bus


class _CountingBus(FakeBus):
    """Counts the characters that accesses would be on a serial line."""

    def __init__(self, program: Program) -> None:
        super().__init__(program.parameters)
        self.sent = self.received = self.loading = 0

    def read(self, offset: int, length: int) -> bytes:
        data = super().read(offset, length)
        for at in range(0, length, _BURST_BYTES):
            block = data[at : at + _BURST_BYTES]
            self._count(Request(Command.READ, offset + at, len(block) // WORD_BYTES), block)
        return data

    def write(self, offset: int, data: bytes) -> None:
        super().write(offset, data)
        for at in range(0, len(data), _BURST_BYTES):
            block = data[at : at + _BURST_BYTES]
            self._count(Request(Command.WRITE, offset + at, len(block) // WORD_BYTES, block), b"")

    def _count(self, request: Request, answer: bytes) -> None:
        self.sent += len(encode_frame(request.encode(0)))
        self.received += len(encode_frame(bytes(_ANSWER_BYTES) + answer))
