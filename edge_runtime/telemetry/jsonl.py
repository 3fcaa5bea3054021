"""JSON lines: to a file, durable when `put` returns, or to standard output."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import structlog

from edge_runtime.errors import SinkError
from edge_runtime.files import sync_folder
from edge_runtime.telemetry.lines import LineSink

__all__ = ["JsonLinesSink", "StandardOutputSink"]

TAIL_BYTES = 65_536

log = structlog.get_logger(__name__)


class JsonLinesSink(LineSink):
    """Appends records to a file; when `put` returns they are on the disk (fsync).

    A line that a crash left unfinished was never acknowledged: it is cut off before anything is appended,
    and so is what a failed write (a full disk) left behind. The file is opened by the first `put`, and again
    after a failure.

    Parameters
    ----------
    path
        The file. It is made when it is missing; its folder must exist.
    """

    def __init__(self, path: Path | str) -> None:
        super().__init__()
        self.path = Path(path)
        self._descriptor: int | None = None
        self._end = 0

    def _write_lines(self, data: bytes) -> None:
        try:
            if self._descriptor is None:
                self._open()
            self._append(data)
        except OSError as error:
            self._undo()
            raise SinkError(
                f"{self.path}: records cannot be written: {error.strerror}; free space or name another path"
            ) from error

    def _open(self) -> None:
        is_new = not self.path.exists()
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._end = os.fstat(self._descriptor).st_size
        if is_new:
            # The file's name is durable only when its folder is.
            sync_folder(self.path.parent)
        self._cut_unfinished_line()

    def _cut_unfinished_line(self) -> None:
        """Cut what stands after the last line feed, reading backwards in pieces."""
        descriptor, position = self._opened(), self._end
        while position > 0:
            start = max(0, position - TAIL_BYTES)
            newline = os.pread(descriptor, position - start, start).rfind(b"\n")
            position = start + newline + 1 if newline >= 0 else start
            if newline >= 0:
                break
        if position < self._end:
            log.warning("unfinished record cut off", path=str(self.path), bytes=self._end - position)
            os.ftruncate(descriptor, position)
            self._end = position

    def _append(self, data: bytes) -> None:
        descriptor = self._opened()
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
        self._end += len(data)

    def _undo(self) -> None:
        """Cut back to the last acknowledged byte and close; what stands there now is not to be trusted."""
        if self._descriptor is None:
            return
        with suppress(OSError):
            os.ftruncate(self._descriptor, self._end)
        self._release()

    def _opened(self) -> int:
        if self._descriptor is None:
            raise SinkError(f"{self.path}: not open")
        return self._descriptor

    def _release(self) -> None:
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None


class StandardOutputSink(LineSink):
    """Writes records to standard output; when `put` returns they have been handed to whoever reads it.

    Parameters
    ----------
    stream
        Another stream of bytes, in place of standard output.
    """

    def __init__(self, stream: BinaryIO | None = None) -> None:
        super().__init__()
        self._stream = sys.stdout.buffer if stream is None else stream

    def _write_lines(self, data: bytes) -> None:
        try:
            self._stream.write(data)
            self._stream.flush()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise SinkError(f"standard output: records cannot be written: {reason}") from error

    def _release(self) -> None:
        """Do nothing: standard output is not this sink's to close."""
