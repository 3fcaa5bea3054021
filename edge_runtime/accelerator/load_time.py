"""How long a network takes to load over a serial cable."""

from __future__ import annotations

from edge_runtime.accelerator.bus.base import WORD_BYTES
from edge_runtime.accelerator.bus.fake import FakeBus
from edge_runtime.accelerator.bus.uart_frames import encode_frame
from edge_runtime.accelerator.bus.uart_link import BURST_WORDS, Command, Request
from edge_runtime.accelerator.overlay import OverlayAccelerator
from edge_runtime.compiler.program import Program

__all__ = ["serial_load_s"]

_BITS_PER_CHARACTER = 10
_BURST_BYTES = BURST_WORDS * WORD_BYTES


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
    bus = _CountingBus(program)
    with OverlayAccelerator(bus) as overlay:
        bus.characters = 0
        overlay.load(program)
        return bus.characters * _BITS_PER_CHARACTER / baud


class _CountingBus(FakeBus):
    """Counts the characters that writes would be on a serial line."""

    def __init__(self, program: Program) -> None:
        super().__init__(program.parameters)
        self.characters = 0

    def write(self, offset: int, data: bytes) -> None:
        super().write(offset, data)
        for at in range(0, len(data), _BURST_BYTES):
            block = data[at : at + _BURST_BYTES]
            request = Request(Command.WRITE, offset + at, len(block) // WORD_BYTES, block)
            self.characters += len(encode_frame(request.encode(0)))
