"""A serial line that errs: flipped bits, cuts, frames sent twice, noise between frames."""

from __future__ import annotations

import random
from collections.abc import Iterator

__all__ = ["NoisyLine"]


class NoisyLine:
    """Knows which frames it let through whole.

    Attributes
    ----------
    intact
        Sequence numbers of frames that came through whole at least once.
    repeated_intact
        How many whole frames were repetitions.
    broken
        How many pieces between two zeros are no whole frame.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.intact: set[int] = set()
        self.repeated_intact = 0
        self.broken = 0
        self._expected: dict[bytes, int] = {}
        self._open = b""
        self._begun = False

    def send(self, sequence: int, encoded: bytes) -> Iterator[bytes]:
        """Yield what comes out at the other end, in pieces of any size."""
        self._expected[encoded[:-1]] = sequence
        if len(self._expected) > 8:
            del self._expected[next(iter(self._expected))]
        copies = 2 if self._random.random() < 0.02 else 1
        for _ in range(copies):
            yield from self._cut(self._disturb(encoded))

    def finish(self) -> bytes:
        """End the last frame."""
        self._account(b"\0")
        return b"\0"

    def _disturb(self, encoded: bytes) -> bytes:
        draw = self._random.random()
        if draw < 0.03:
            broken = bytearray(encoded)
            for _ in range(self._random.randint(1, 4)):
                bit = self._random.randrange(8 * len(broken))
                broken[bit // 8] ^= 1 << bit % 8
            return bytes(broken)
        if draw < 0.05:
            first, last = sorted(self._random.sample(range(len(encoded) + 1), 2))
            return encoded[:first] + encoded[last:]
        if draw < 0.06:
            return self._random.randbytes(self._random.randint(1, 20)) + encoded
        return encoded

    def _cut(self, data: bytes) -> Iterator[bytes]:
        self._account(data)
        at = self._random.randint(0, len(data))
        yield data[:at]
        yield data[at:]

    def _account(self, data: bytes) -> None:
        """Follow, by the bytes alone, what a perfect receiver could find."""
        *whole, self._open = (self._open + data).split(b"\0")
        for piece in whole:
            first, self._begun = not self._begun, True
            if not piece:
                continue
            sequence = self._expected.get(piece)
            if sequence is None:
                self.broken += not first
            elif sequence in self.intact:
                self.repeated_intact += 1
            else:
                self.intact.add(sequence)
