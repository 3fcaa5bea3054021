"""Commands over a serial port, one JSON object a line: a label from a button box, without a network."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.to_thread
import serial
import structlog
from anyio.from_thread import run as run_in_loop

from edge_runtime.errors import DataError, EdgeRuntimeError, LinkError

__all__ = ["SerialCommands"]

CommandHandler = Callable[[str, bytes], Awaitable[dict[str, Any]]]

LONGEST = 65_536
"""Bytes of a line; what is longer is refused as a whole."""
_PATIENCE_S = 0.2  # how soon a reader notices that it shall end

log = structlog.get_logger(__name__)


class SerialCommands:
    """Reads ``{"command": "label", …}`` line by line, has it carried out, and answers with a line.

    The answer has ``command`` and what came of it, or ``error`` in one line; so is a line answered that is no such
    object. A port that goes away is opened again, for as long as it takes.

    Parameters
    ----------
    port
        The device, such as ``/dev/ttyUSB0``.
    baud
        Bits a second.
    carry_out
        Carries out a command, given its name and the rest of the object as JSON.
    retry_s
        Seconds until a port is tried again.
    """

    def __init__(self, port: str, baud: int, carry_out: CommandHandler, *, retry_s: float = 2.0) -> None:
        self._port, self._baud = port, baud
        self._carry_out = carry_out
        self._retry_s = retry_s
        self._ended = False

    async def serve(self) -> None:
        """Serve until cancelled."""
        try:
            while True:
                try:
                    await anyio.to_thread.run_sync(self._listen, abandon_on_cancel=True)
                except (OSError, LinkError) as error:
                    log.warning("no commands by serial line", port=self._port, error=str(error))
                await anyio.sleep(self._retry_s)
        finally:
            self._ended = True

    def _listen(self) -> None:
        """Read lines in a thread, and answer each."""
        with serial.Serial(self._port, self._baud, timeout=_PATIENCE_S, write_timeout=5) as line:
            pending = b""
            while not self._ended:
                pending += line.read(max(1, line.in_waiting))
                *whole, pending = pending.split(b"\n")
                for text in whole:
                    if text.strip():
                        line.write(json.dumps(run_in_loop(self._answer, text)).encode() + b"\n")
                if len(pending) > LONGEST:
                    line.write(json.dumps({"error": f"a line has more than {LONGEST} bytes"}).encode() + b"\n")
                    pending = b""

    async def _answer(self, text: bytes) -> dict[str, Any]:
        try:
            command, rest = _parsed(text)
        except DataError as error:
            return {"error": str(error)}
        try:
            return {"command": command, **await self._carry_out(command, json.dumps(rest).encode())}
        except EdgeRuntimeError as error:
            return {"command": command, "error": str(error)}


def _parsed(text: bytes) -> tuple[str, dict[str, Any]]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise DataError(f"a line is no JSON: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("command"), str):
        raise DataError('a line is like {"command": "label", "pipeline": "p", "prediction": 12, "label": "running"}')
    return value.pop("command"), value
