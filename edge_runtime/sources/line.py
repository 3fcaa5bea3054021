"""Bytes from a serial port that may be unplugged, fall silent, and come back."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio
import structlog

from edge_runtime.errors import LinkError
from edge_runtime.sources.backoff import Backoff
from edge_runtime.sources.base import SourceCounts
from edge_runtime.telemetry.serial.port import Port

__all__ = ["Piece", "SerialLine"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Piece:
    """Bytes as they came.

    Parameters
    ----------
    data
        The bytes.
    arrival_ns
        When they were there, in nanoseconds since the Unix epoch.
    joined
        Whether the port has just been opened: what came before does not go on here.
    """

    data: bytes
    arrival_ns: int
    joined: bool


class SerialLine:
    """Opens a port, reads what comes, and opens it again whenever it is lost or silent for too long.

    Parameters
    ----------
    port
        The device's path, such as ``/dev/ttyACM0``.
    baud
        Bits a second.
    silence_s
        After so many seconds without a byte the port is opened anew.
    counts
        Where reconnects and silences are counted.
    """

    def __init__(self, port: str, *, baud: int, silence_s: float, counts: SourceCounts) -> None:
        self._name = port
        self._baud = baud
        self._silence_s = silence_s
        self._counts = counts
        self._port: Port | None = None

    async def pieces(self) -> AsyncIterator[Piece]:
        """Yield what comes, for ever."""
        backoff = Backoff()
        while True:
            joined = True
            try:
                self._port = Port(self._name, self._baud)
                while True:
                    with anyio.fail_after(self._silence_s):
                        data = await self._port.read()
                    if data:
                        yield Piece(data, time.time_ns(), joined)
                        joined = False
                        backoff.reset()
            except TimeoutError:
                self._counts.silences += 1
                log.warning("serial port is silent", port=self._name, seconds=self._silence_s)
            except LinkError as error:
                log.warning("serial port lost", port=self._name, error=str(error))
            finally:
                self.close()
            self._counts.reconnects += 1
            await backoff.wait()

    def close(self) -> None:
        """Close the port; closing twice does nothing."""
        port, self._port = self._port, None
        if port is not None:
            port.close()
