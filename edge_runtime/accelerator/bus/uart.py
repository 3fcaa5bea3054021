"""The bus to an overlay on a board that hangs on a serial cable."""

from __future__ import annotations

import time
from contextlib import suppress

import serial

from edge_runtime.accelerator.bus.base import WORD_BYTES, Bus, check_words
from edge_runtime.accelerator.bus.uart_link import BURST_WORDS, Answer, Command, Link, Request, Status
from edge_runtime.errors import BusError

__all__ = ["UartBus"]

_BURST_BYTES = BURST_WORDS * WORD_BYTES
# A read of the port returns after this long, with or without a character.
_READ_S = 0.02
_WRITE_S = 10.0
# How often the interrupt line is asked for, should its notice be lost.
_POLL_S = 0.1


_REASONS: dict[int, str] = {
    Status.BUS_ERROR: "the overlay answered SLVERR; nothing is there",
    Status.INVALID: "beyond the overlay's address space; nothing is there",
    Status.TIMEOUT: "the overlay did not answer its serial bridge and was reset",
}


class UartBus(Bus):
    """An overlay behind a serial bridge.

    Parameters
    ----------
    port
        The serial port, like ``/dev/ttyUSB0``, or a URL that pyserial knows.
    baud
        The rate that the board's bitstream was built for.
    patience_s
        How long a request may go unanswered, beyond the time that it takes on the line, before it is said again.

    Raises
    ------
    BusError
        If the port cannot be opened, or no bridge of this release answers there.
    """

    gap_words = 64  # a request's round trip takes longer

    def __init__(self, port: str, baud: int, *, patience_s: float = 0.25) -> None:
        self._line: _SerialLine | None = _SerialLine(port, baud)
        try:
            self._link = Link(self._line, baud, patience_s=patience_s)
        except BusError as error:
            self.close()
            raise BusError(f"{port} at {baud} baud: {error}") from error

    def read(self, offset: int, length: int) -> bytes:  # noqa: D102 - as the base says
        check_words(offset, length)
        requests = [
            Request(Command.READ, offset + done, count=min(_BURST_BYTES, length - done) // WORD_BYTES)
            for done in range(0, length, _BURST_BYTES)
        ]
        return b"".join(answer.payload for answer in self._exchange("read", requests))

    def write(self, offset: int, data: bytes) -> None:  # noqa: D102 - as the base says
        check_words(offset, len(data))
        blocks = [(at, data[at : at + _BURST_BYTES]) for at in range(0, len(data), _BURST_BYTES)]
        requests = [Request(Command.WRITE, offset + at, len(block) // WORD_BYTES, block) for at, block in blocks]
        self._exchange("write", requests)

    def wait_interrupt(self, deadline_s: float) -> bool:  # noqa: D102 - as the base says
        self._open_line()
        until = time.monotonic() + deadline_s
        while not self._link.interrupt:
            self._link.wait_notice(min(_POLL_S, until - time.monotonic()))
            if not self._link.interrupt:
                self._exchange("read", [Request(Command.READ)])
            if time.monotonic() >= until:
                break
        return self._link.interrupt

    def reset(self) -> None:
        """Reset the overlay's registers and engine; its memories keep their content."""
        self._exchange("reset", [Request(Command.RESET)])

    @property
    def repeated(self) -> int:
        """Requests that were said again so far, because something was lost on the line."""
        return self._link.repeated

    def close(self) -> None:  # noqa: D102 - as the base says
        if self._line is not None:
            self._line.close()
            self._line = None

    def _open_line(self) -> None:
        if self._line is None:
            raise BusError("the serial port is closed")

    def _exchange(self, what: str, requests: list[Request]) -> list[Answer]:
        self._open_line()
        answers = self._link.exchange(requests)
        for request, answer in zip(requests, answers, strict=True):
            if answer.status != Status.OKAY:
                raise BusError(
                    f"{what} at {request.address:#x}: {_REASONS.get(answer.status, 'the answer is rubbish')}"
                )
            if what == "read" and len(answer.payload) != request.count * WORD_BYTES:
                raise BusError(f"read at {request.address:#x}: {len(answer.payload)} bytes came, not as many as asked")
        return answers


class _SerialLine:
    """A serial port as a `Line`; what goes wrong with it is a `BusError`."""

    def __init__(self, port: str, baud: int) -> None:
        try:
            self._port = serial.serial_for_url(
                port, baudrate=baud, timeout=_READ_S, write_timeout=_WRITE_S, exclusive=True
            )
        except (serial.SerialException, ValueError, OSError) as error:
            raise BusError(f"serial port {port} at {baud} baud cannot be opened: {error}") from error
        # FTDI's adapters else hold back what came for up to 16 ms; other ports do not know this setting.
        with suppress(AttributeError, ValueError, OSError):
            self._port.set_low_latency_mode(True)
        self._port.reset_input_buffer()

    def write(self, characters: bytes) -> None:
        try:
            self._port.write(characters)
        except serial.SerialException as error:
            raise BusError(f"serial port {self._port.port}: {error}") from error

    def read(self, deadline_s: float) -> bytes:  # noqa: ARG002 - the port's own time-out is shorter
        try:
            return bytes(self._port.read(max(1, self._port.in_waiting)))
        except (serial.SerialException, OSError) as error:
            raise BusError(f"serial port {self._port.port}: {error}") from error

    def close(self) -> None:
        self._port.close()
