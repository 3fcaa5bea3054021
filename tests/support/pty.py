"""A serial device at a pseudo-terminal: it can be unplugged, and come back under the same name."""

from __future__ import annotations

import os
import select
import termios
import tty
from contextlib import suppress
from pathlib import Path

from support.waiting import DEADLINE_S

__all__ = ["PluggedDevice"]


class PluggedDevice:
    """What a device sends, behind a path that points to it while it is plugged in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._main = self._other = -1

    def plug(self) -> None:
        self._main, self._other = os.openpty()
        tty.setraw(self._other, termios.TCSANOW)
        os.set_blocking(self._main, False)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._other))

    def unplug(self) -> None:
        """What has been sent and not been read is lost with the line, as with a real one."""
        self.path.unlink()
        os.close(self._other)
        os.close(self._main)

    def is_listened_to(self) -> bool:
        """Say whether this process has opened the line: from then on nothing is lost that is sent."""
        path, opened = os.ttyname(self._other), 0
        for descriptor in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                opened += str(descriptor.readlink()) == path
        return opened > 1

    def read_line(self) -> bytes:
        """Return the next line that the other side has written."""
        line = b""
        while not line.endswith(b"\n"):
            assert select.select([self._main], [], [], DEADLINE_S)[0], f"no line, only {line!r}"
            line += os.read(self._main, 1)
        return line

    def send(self, data: bytes) -> bool:
        """Send all of it, or say that the line is full."""
        at = 0
        while at < len(data):
            if not select.select([], [self._main], [], 5)[1]:
                return False
            try:
                at += os.write(self._main, data[at:])
            except BlockingIOError:
                continue
        return True
