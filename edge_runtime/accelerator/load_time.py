"""How long a network takes to load over a serial cable, and an inference to move its inputs and outputs."""

from __future__ import annotations

import numpy as np

from edge_runtime.accelerator.bus.base import WORD_BYTES
from edge_runtime.accelerator.bus.fake import FakeBus
from edge_runtime.accelerator.bus.uart_frames import encode_frame
from edge_runtime.accelerator.bus.uart_link import BURST_WORDS, Command, Request
from edge_runtime.accelerator.overlay import OverlayAccelerator
from edge_runtime.compiler.program import Program
from edge_runtime.compiler.report import SerialTimes

__all__ = ["serial_times"]

_BITS_PER_CHARACTER = 10
_BURST_BYTES = BURST_WORDS * WORD_BYTES
# An answer's number and status; its words come behind.
_ANSWER_BYTES = 2


def serial_times(program: Program, baud: int) -> SerialTimes:
    """Return how long loading a program and an inference take over a line that loses nothing.

    Counted from the very frames that the driver sends. While a program is loaded, the answers come on the other wire,
    beside the requests; in an inference each answer follows its request, and the computation and the cable's own delay
    come on top.

    Parameters
    ----------
    program
        The program.
    baud
        The line's rate, in bits per second; a character takes ten.
    """
    bus = _CountingBus(program)
    with OverlayAccelerator(bus) as overlay:
        bus.sent = 0
        overlay.load(program)
        loading, bus.sent, bus.received = bus.sent, 0, 0
        tensors = [program.graph.tensors[index] for index in program.graph.inputs]
        overlay.infer([np.zeros(tensor.shape, tensor.dtype) for tensor in tensors])
        exchanged = bus.sent + bus.received
    return SerialTimes(baud, *(round(count * _BITS_PER_CHARACTER / baud, 6) for count in (loading, exchanged)))


class _CountingBus(FakeBus):
    """Counts the characters that accesses would be on a serial line."""

    def __init__(self, program: Program) -> None:
        super().__init__(program.parameters)
        self.sent = self.received = 0

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
