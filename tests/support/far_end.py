"""The other end of a serial line: a thread that takes in records and acknowledges them."""

from __future__ import annotations

import os
import select
import threading
from typing import Any

from edge_runtime.telemetry.serial import RecordReceiver

__all__ = ["FarEnd"]


class FarEnd:
    """Keeps what comes in `records`, each once; used with ``with``."""

    def __init__(self, path: str) -> None:
        self.records: list[dict[str, Any]] = []
        self._port = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self._stop, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._receive, name="far end")

    def stop(self) -> None:
        """Take in nothing more; stopping twice does nothing."""
        if self._thread.is_alive():
            os.write(self._wake, b"x")
            self._thread.join()
            for descriptor in (self._port, self._stop, self._wake):
                os.close(descriptor)

    def _receive(self) -> None:
        receiver = RecordReceiver()
        while self._stop not in select.select([self._port, self._stop], [], [])[0]:
            for frame in receiver.feed(os.read(self._port, 4096)):
                if not receiver.is_repeat(frame):
                    self.records.append(frame.record)
                os.write(self._port, receiver.acknowledge(frame))

    def __enter__(self) -> FarEnd:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
