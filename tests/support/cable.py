"""A serial cable between two pseudo-terminals, that errs and can be pulled out."""

from __future__ import annotations

import os
import random
import select
import threading
import tty
from collections.abc import Callable
from contextlib import suppress

__all__ = ["Cable", "Errors"]


class Errors:
    """Flips bits, loses bytes and adds some, and loses whole pieces.

    Parameters
    ----------
    rate
        The share of bytes that are hit.
    lost
        The share of pieces that are lost as a whole.
    """

    def __init__(self, seed: int, *, rate: float, lost: float = 0.0) -> None:
        self._random = random.Random(seed)
        self._rate = rate
        self._lost = lost
        self.hits = 0

    def __call__(self, data: bytes) -> bytes:
        if self._random.random() < self._lost:
            self.hits += 1
            return b""
        out = bytearray()
        for byte in data:
            if self._random.random() >= self._rate:
                out.append(byte)
                continue
            self.hits += 1
            choice = self._random.randrange(3)
            if choice == 0:
                out.append(byte ^ 1 << self._random.randrange(8))
            elif choice == 1:
                out += bytes((byte, self._random.randrange(256)))
        return bytes(out)


class Cable:
    """Carries bytes both ways between `device` and `far`, the paths of its two ends; used with ``with``.

    `there` and `back` may change what goes by: from the device to the far end, and back.
    """

    def __init__(self, *, there: Callable[[bytes], bytes] = bytes, back: Callable[[bytes], bytes] = bytes) -> None:
        self._near, near = os.openpty()
        self._distant, distant = os.openpty()
        self._ends = (near, distant)
        for end in self._ends:
            tty.setraw(end)
        self.device, self.far = os.ttyname(near), os.ttyname(distant)
        self._change = {self._near: there, self._distant: back}
        self._stop, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._carry, name="cable")

    def _carry(self) -> None:
        other = {self._near: self._distant, self._distant: self._near}
        while True:
            ready = select.select([self._stop, *other], [], [])[0]
            if self._stop in ready:
                return
            for end in ready:
                with suppress(OSError):
                    data = self._change[end](os.read(end, 4096))
                    while data:
                        data = data[os.write(other[end], data) :]

    def __enter__(self) -> Cable:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._wake, b"x")
        self._thread.join()
        for descriptor in (*self._ends, self._near, self._distant, self._stop, self._wake):
            os.close(descriptor)
