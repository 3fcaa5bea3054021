"""The host's end of the serial bridge: numbers requests, keeps several under way, and says lost ones again.

`docs/uart_bridge.md` is the protocol.
"""

from __future__ import annotations

import os
import struct
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from edge_runtime.accelerator.bus.uart_frames import FrameDecoder, encode_frame
from edge_runtime.errors import BusError

__all__ = ["BURST_WORDS", "Answer", "Command", "Line", "Link", "Request", "Status"]

VERSION = 1
BURST_WORDS = 256
# Writes may run ahead because each takes longer on the line than its answer; the bridge holds two requests.
_WRITES_AHEAD = 8
_READS_AHEAD = 2
# How often nothing may come, and how often something may be lost without any progress, before a link is given up.
_MOST_SILENCES = 8
_MOST_LOSSES = 64
_BITS_PER_CHARACTER = 10

_HEADER = struct.Struct("<BBHI")
_DAMAGED = -1


class Command(IntEnum):
    """What a request asks for."""

    READ = 1
    WRITE = 2
    HELLO = 3
    RESET = 4


class Status(IntEnum):
    """What an answer says."""

    OKAY = 0
    BUS_ERROR = 1
    REPEAT = 2
    NOTICE = 3
    INVALID = 4
    TIMEOUT = 5


class Line(Protocol):
    """A serial line: characters in both directions."""

    def write(self, characters: bytes) -> None:
        """Send all of them."""

    def read(self, deadline_s: float) -> bytes:
        """Return what has come, at least one character; nothing if none comes in this time."""


@dataclass(frozen=True)
class Request:
    """What a request carries, but for its number."""

    command: Command
    address: int = 0
    count: int = 0
    payload: bytes = b""

    def encode(self, number: int) -> bytes:
        """Return the frame's content."""
        return _HEADER.pack(number, self.command, self.count, self.address) + self.payload


@dataclass(frozen=True)
class Answer:
    """What came back."""

    number: int
    status: int
    interrupt: bool
    payload: bytes


class Link:
    """A session with a bridge.

    Parameters
    ----------
    line
        The line, its rate set.
    baud
        That rate, in bits per second.
    patience_s
        How long after its last bit a request may go unanswered before it is said again.

    Raises
    ------
    BusError
        If no bridge of this version answers.
    """

    def __init__(self, line: Line, baud: int, *, patience_s: float) -> None:
        self._line = line
        self._seconds_per_character = _BITS_PER_CHARACTER / baud
        self._patience_s = patience_s
        self._frames = FrameDecoder()
        self._answers: deque[Answer] = deque()
        self._next = os.urandom(1)[0]
        self.interrupt = False
        self.repeated = 0
        (answer,) = self.exchange([Request(Command.HELLO)])
        _check_version(answer)

    def exchange(self, requests: Sequence[Request]) -> list[Answer]:
        """Have requests carried out in this order, and return their answers.

        Raises
        ------
        BusError
            If the other end does not answer, however often it is asked.
        """
        exchange = _Exchange(requests, self._next)
        self._next = (self._next + len(requests)) & 0xFF
        silences = losses = 0
        while not exchange.finished:
            self._send(exchange)
            answer = self._next_of(exchange)
            if answer is None:
                silences += 1
                exchange.go_back()
            elif exchange.take(answer):
                silences = losses = 0
            else:
                losses += 1
            self._check_health(silences, losses)
        self.repeated += exchange.repeated
        return exchange.answers()

    @staticmethod
    def _check_health(silences: int, losses: int) -> None:
        if silences == _MOST_SILENCES:
            raise BusError(
                f"the serial bridge does not answer, asked {silences} times; is the board's bitstream loaded?"
            )
        if losses == _MOST_LOSSES:
            raise BusError(f"the serial line lost {losses} frames in a row; use a shorter cable or a lower rate")

    def wait_notice(self, deadline_s: float) -> None:
        """Take in what comes unasked, until the interrupt line is up or the time is over."""
        until = time.monotonic() + deadline_s
        while not self.interrupt and time.monotonic() < until:
            self._hear(until)

    def _send(self, exchange: _Exchange) -> None:
        for content in exchange.due():
            self._line.write(encode_frame(content))

    def _next_of(self, exchange: _Exchange) -> Answer | None:
        """Return the next answer, whole or damaged; None if none comes in time."""
        transfer = exchange.characters_under_way * self._seconds_per_character
        until = time.monotonic() + self._patience_s + transfer
        while True:
            # Heard before the clock is looked at: on a busy machine an answer may have come while nobody listened.
            answer = self._hear(until)
            if answer is not None and answer.status != Status.NOTICE:
                return answer
            if answer is None and time.monotonic() >= until:
                return None

    def _hear(self, until: float) -> Answer | None:
        """Return the next answer or notice, whole or damaged; None if there is none yet."""
        if not self._answers:
            heard = self._line.read(max(0.0, until - time.monotonic()))
            self._answers.extend(_parse(frame) for frame in self._frames.feed(heard))
        if not self._answers:
            return None
        answer = self._answers.popleft()
        if answer.status != _DAMAGED:
            self.interrupt = answer.interrupt
        return answer


class _Exchange:
    """Requests in order, each with its number and, in the end, its answer."""

    def __init__(self, requests: Sequence[Request], first: int) -> None:
        self._requests = requests
        self._first = first
        self._answers: list[Answer | None] = [None] * len(requests)
        self._oldest = 0
        self._unsent = 0
        self._again = False
        self._asked_again = -1
        self.repeated = 0

    @property
    def finished(self) -> bool:
        return self._oldest == len(self._requests)

    @property
    def characters_under_way(self) -> int:
        under_way = self._requests[self._oldest : self._unsent]
        return sum(2 * _HEADER.size + len(request.payload) + 4 * request.count for request in under_way)

    def answers(self) -> list[Answer]:
        return [answer for answer in self._answers if answer is not None]

    def due(self) -> list[bytes]:
        """Return the contents to send now."""
        places = [self._oldest] if self._again else []
        self._again = False
        while self._unsent < len(self._requests) and self._unsent - self._oldest < self._ahead():
            if self._answers[self._unsent] is None:
                places.append(self._unsent)
            self._unsent += 1
        return [self._requests[place].encode(self._first + place & 0xFF) for place in places]

    def _ahead(self) -> int:
        """Return how many requests may be under way, with the next one among them."""
        if all(request.command == Command.WRITE for request in self._requests[self._oldest : self._unsent + 1]):
            return _WRITES_AHEAD
        return _READS_AHEAD

    def go_back(self) -> None:
        """Send again all that has no answer: the bridge does not have it."""
        self.repeated += self._unsent - self._oldest
        self._unsent = self._oldest

    def ask_again(self) -> None:
        """Send the oldest request again, once: it was carried out, but its answer was lost."""
        if self._asked_again != self._oldest:
            self._asked_again = self._oldest
            self._again = True
            self.repeated += 1

    def take(self, answer: Answer) -> bool:
        """Note an answer; return False if it shows that something was lost."""
        if answer.status == _DAMAGED:
            self.ask_again()
            return False
        under_way = self._unsent - self._oldest
        place = answer.number - self._first - self._oldest & 0xFF
        if answer.status == Status.REPEAT:
            self.go_back()
            return False
        if place >= under_way:
            return True  # it was answered before
        self._answers[self._oldest + place] = answer
        while not self.finished and self._answers[self._oldest] is not None:
            self._oldest += 1
        if place:
            self.ask_again()
        return not place


def _parse(content: bytes | None) -> Answer:
    if content is None or len(content) < 2:
        return Answer(0, _DAMAGED, interrupt=False, payload=b"")
    return Answer(content[0], content[-1] & 7, bool(content[-1] & 0x80), content[1:-1])


def _check_version(answer: Answer) -> None:
    if answer.status != Status.OKAY or len(answer.payload) != 4:
        raise BusError("what answers on the serial line is no bridge of ours; is the right bitstream loaded?")
    version = answer.payload[0]
    if version != VERSION:
        raise BusError(
            f"the board's serial bridge has version {version} and this release speaks version {VERSION}; "
            "load a bitstream of this release"
        )
