"""A device that sends lines of text over a serial port: CSV or JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Literal

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.sources.assemble import Assembler
from edge_runtime.sources.base import Source, SourceCounts
from edge_runtime.sources.line import Piece, SerialLine
from edge_runtime.stream.block import Block
from edge_runtime.stream.channels import check_channel_names
from edge_runtime.stream.clock import NS_PER_S

__all__ = ["LineSource", "parse_line"]

LONGEST_LINE = 65_536


def parse_line(line: str, form: Literal["csv", "json"], channels: Sequence[str]) -> list[float]:
    """Read one sample; a value that is missing is NaN.

    Parameters
    ----------
    line
        ``1.5,2,-3`` (empty fields are missing), or ``{"x": 1.5, "y": null}`` (other keys are ignored).
    form
        Which of them.
    channels
        The channels, in the fields' order, or as the keys say.

    Raises
    ------
    DataError
        If it is no such line, or has another number of fields.

    Examples
    --------
    >>> parse_line("1.5,,2", "csv", ["x", "y", "z"])
    [1.5, nan, 2.0]
    """
    try:
        if form == "csv":
            fields = line.split(",")
            if len(fields) != len(channels):
                raise DataError(f"a line has {len(fields)} fields; there should be {len(channels)}")
            return [float(field) if field.strip() else np.nan for field in fields]
        record = json.loads(line)
        if not isinstance(record, dict):
            raise DataError("a line is no JSON object")
        values = [record.get(name) for name in channels]
        return [np.nan if value is None else float(value) for value in values]
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(f"a line cannot be read: {error}") from error


class LineSource(Source):
    """Samples as lines of text, one a line, at an even rate; what cannot be read is counted.

    Lines have no sequence numbers, so what is lost on the way cannot be seen but after a reconnect. Times follow the
    count of lines, in terms of the host's clock, so that the line's delays do not shake them.

    Parameters
    ----------
    port, baud
        The device's path, and bits a second.
    channels, rate_hz
        The channels, and lines a second.
    form
        ``"csv"`` or ``"json"``.
    silence_s
        After so many seconds without a byte the port is opened anew.
    """

    def __init__(
        self,
        port: str,
        channels: Sequence[str],
        rate_hz: float,
        *,
        form: Literal["csv", "json"] = "csv",
        baud: int = 115_200,
        silence_s: float = 5.0,
    ) -> None:
        check_channel_names(channels, where="serial lines")
        if not (np.isfinite(rate_hz) and rate_hz > 0 and silence_s > 0):
            raise DataError(f"serial lines: the rate is {rate_hz} Hz, silence {silence_s} s; both must be above 0")
        self.channels = tuple(channels)
        self.rate_hz = rate_hz
        self.counts = SourceCounts()
        self._form: Literal["csv", "json"] = form
        self._line = SerialLine(port, baud=baud, silence_s=silence_s, counts=self.counts)

    async def blocks(self) -> AsyncIterator[Block]:
        """Yield a block of all lines that came together, for ever."""
        assembler = Assembler(self.rate_hz, self.counts)
        rest, taken = b"", 0
        async with aclosing(self._line.pieces()) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                if piece.joined and taken:
                    assembler.restart()
                rest, samples = self._split(b"" if piece.joined else rest, piece)
                if len(samples):
                    device_ns = round(taken * NS_PER_S / self.rate_hz)
                    taken += len(samples)
                    yield assembler.from_device(samples, device_ns=device_ns, arrival_ns=piece.arrival_ns)

    async def aclose(self) -> None:
        """Close the port."""
        self._line.close()

    def _split(self, rest: bytes, piece: Piece) -> tuple[bytes, npt.NDArray[np.float32]]:
        """Return what follows the last whole line, and the samples of the whole ones."""
        *lines, rest = (rest + piece.data).split(b"\n")
        if piece.joined and lines:
            # The first line may have begun before we listened.
            lines = lines[1:] if self._is_broken(lines[0]) else lines
        if len(rest) > LONGEST_LINE:
            self.counts.broken += 1
            rest = b""
        samples = [values for line in lines if (values := self._read(line)) is not None]
        return rest, np.array(samples, dtype=np.float32).reshape(-1, len(self.channels))

    def _is_broken(self, line: bytes) -> bool:
        broken, self.counts.broken = self.counts.broken, 0
        bad = self._read(line) is None
        self.counts.broken = broken
        return bad

    def _read(self, line: bytes) -> list[float] | None:
        if not line.strip():
            return None
        try:
            return parse_line(line.decode(), self._form, self.channels)
        except (DataError, UnicodeDecodeError):
            self.counts.broken += 1
            return None
