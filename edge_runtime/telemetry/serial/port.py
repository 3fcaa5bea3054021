"""A serial port as the event loop uses it."""

from __future__ import annotations

import os

import anyio
import serial

from edge_runtime.errors import LinkError

__all__ = ["Port"]

AT_ONCE = 65_536


class Port:
    """An open port; read and written without blocking.

    Parameters
    ----------
    name
        The device's path, such as ``/dev/ttyUSB0``.
    baud
        Bits a second.
    hardware_flow
        Whether RTS and CTS say when the other end can take more.

    Raises
    ------
    LinkError
        If it cannot be opened, or another program has it.
    """

    def __init__(self, name: str, baud: int, *, hardware_flow: bool = False) -> None:
        self.name = name
        try:
            self._port = serial.Serial(name, baud, timeout=0, rtscts=hardware_flow, exclusive=True)
        except (OSError, ValueError, serial.SerialException) as error:
            raise LinkError(f"{name}: cannot be opened: {error}") from error
        os.set_blocking(self._port.fileno(), False)

    async def read(self) -> bytes:
        """Wait for bytes and return what is there.

        Raises
        ------
        LinkError
            If the port is gone.
        """
        try:
            await anyio.wait_readable(self._port.fileno())
            data = os.read(self._port.fileno(), AT_ONCE)
        except BlockingIOError:
            return b""
        except (OSError, serial.SerialException) as error:
            raise LinkError(f"{self.name}: {error}") from error
        if not data:
            raise LinkError(f"{self.name}: the port was closed at the other end")
        return data

    async def write(self, data: bytes) -> None:
        """Write all bytes, as fast as the line takes them.

        Raises
        ------
        LinkError
            If the port is gone.
        """
        rest = memoryview(data)
        try:
            while rest := rest[self._write_some(rest) :]:
                await anyio.wait_writable(self._port.fileno())
        except (OSError, serial.SerialException) as error:
            raise LinkError(f"{self.name}: {error}") from error

    def _write_some(self, data: memoryview) -> int:
        try:
            return os.write(self._port.fileno(), data)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Close it; closing twice does nothing."""
        self._port.close()
