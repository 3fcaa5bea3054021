"""What the benches of the serial bridge share: requests and answers as docs/uart_bridge.md has them."""

from __future__ import annotations

import struct

__all__ = ["HELLO", "READ", "RESET", "WRITE", "Answer", "parse_answer", "request"]

READ, WRITE, HELLO, RESET = 1, 2, 3, 4


def request(number: int, command: int, address: int = 0, payload: bytes = b"", count: int | None = None) -> bytes:
    """Return a request's content; `count` is the payload's words unless given."""
    words = len(payload) // 4 if count is None else count
    return struct.pack("<BBHI", number & 0xFF, command, words, address) + payload


class Answer:
    """An answer's number, payload, status and the interrupt line at its end."""

    def __init__(self, content: bytes) -> None:
        self.number = content[0]
        self.payload = content[1:-1]
        self.status = content[-1] & 7
        self.irq = content[-1] >> 7


def parse_answer(content: bytes | None) -> Answer:
    """Return the answer in a frame, which must be whole."""
    assert content is not None, "a damaged frame"
    return Answer(content)
