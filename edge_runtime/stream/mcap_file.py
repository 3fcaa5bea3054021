"""Recordings in MCAP files (mcap.dev): open, indexed, and shown by Foxglove.

Each sample is a JSON message of the topic ``/samples``, logged at its acquisition time, with a number for each channel
(``"NaN"``, ``"Infinity"`` or ``"-Infinity"`` where it is none), and ``flags`` where there are any; its sequence number
is its block's. Spans are messages of the topic ``/labels``. A metadata record ``edge_runtime`` at the beginning tells
channels and rate, so that a file whose end is missing can still be read.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
from typing_extensions import Self

from edge_runtime.errors import DataError, ToolError
from edge_runtime.stream.block import Block, Flags
from edge_runtime.stream.recording import Recording, Span

__all__ = ["McapWriter", "load_mcap", "save_mcap"]

METADATA = "edge_runtime"
SAMPLES, LABELS = "/samples", "/labels"
MAGIC_BYTES = 8
NOT_NUMBERS = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}


class McapWriter:
    """Writes blocks as they come; used as a context manager.

    Parameters
    ----------
    path
        The file; one that is there is overwritten.
    channels, rate_hz
        The stream's.

    Raises
    ------
    DataError
        If the file cannot be written.
    ToolError
        If the mcap package is not installed.
    """

    def __init__(self, path: Path, channels: tuple[str, ...], rate_hz: float) -> None:
        writer = _package("writer")
        self._path = path
        self._channels = channels
        try:
            self._file: IO[bytes] = path.open("wb")
        except OSError as error:
            raise DataError(f"{path}: cannot be written: {error.strerror}") from error
        self._writer = writer.Writer(self._file)
        self._writer.start(profile="", library="edge_runtime")
        about = {"channels": json.dumps(channels), "rate_hz": repr(float(rate_hz))}
        self._writer.add_metadata(METADATA, about)
        self._samples = self._topic(SAMPLES, {name: {"type": "number"} for name in channels})
        self._labels = self._topic(LABELS, {"label": {"type": "string"}, "end_ns": {"type": "integer"}})

    def write(self, block: Block) -> None:
        """Add a block.

        Raises
        ------
        DataError
            If the file cannot be written.
        """
        rows = block.samples.astype(np.float64).tolist()
        finite = bool(np.isfinite(block.samples).all())
        flags = int(block.flags)
        for position, (at, row) in enumerate(zip(block.t_ns.tolist(), rows, strict=True)):
            record: dict[str, Any] = dict(zip(self._channels, row if finite else map(_plain, row), strict=True))
            mine = flags if position == 0 else flags & ~int(Flags.GAP)
            if mine:
                record["flags"] = mine
            self._add(self._samples, record, at, block.sequence)

    def label(self, span: Span) -> None:
        """Add what was true for a while."""
        self._add(self._labels, {"label": span.label, "end_ns": span.end_ns}, span.start_ns, 0)

    def close(self) -> None:
        """Write the index and close the file."""
        self._writer.finish()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _topic(self, name: str, properties: dict[str, Any]) -> int:
        schema = json.dumps({"type": "object", "properties": properties}).encode()
        known = self._writer.register_schema(name=f"edge_runtime{name}", encoding="jsonschema", data=schema)
        topic: int = self._writer.register_channel(topic=name, message_encoding="json", schema_id=known)
        return topic

    def _add(self, topic: int, record: dict[str, Any], at_ns: int, sequence: int) -> None:
        data = json.dumps(record).encode()
        try:
            self._writer.add_message(topic, log_time=at_ns, publish_time=at_ns, sequence=sequence % 2**32, data=data)
        except OSError as error:
            raise DataError(f"{self._path}: cannot be written: {error.strerror}") from error


def save_mcap(recording: Recording, path: Path) -> None:
    """Write a recording so that `load_mcap` gives it back.

    Raises
    ------
    DataError
        If the file cannot be written.
    ToolError
        If the mcap package is not installed.
    """
    with McapWriter(path, recording.channels, recording.rate_hz) as writer:
        for block in recording.blocks(4096):
            writer.write(block)
        for span in recording.spans:
            writer.label(span)


def load_mcap(path: Path) -> Recording:
    """Read a recording; of a file whose end is missing, as after a power cut, what is whole.

    Raises
    ------
    DataError
        If it cannot be read, or is none of this project's.
    ToolError
        If the mcap package is not installed.
    """
    about: dict[str, str] = {}
    topics: dict[int, str] = {}
    times: list[int] = []
    rows: list[dict[str, Any]] = []
    spans: list[Span] = []
    for record in _records(path):
        kind = type(record).__name__
        if kind == "Metadata" and record.name == METADATA:
            about = record.metadata
        elif kind == "Channel":
            topics[record.id] = record.topic
        elif kind == "Message" and topics.get(record.channel_id) == SAMPLES:
            times.append(record.log_time)
            rows.append(json.loads(record.data))
        elif kind == "Message" and topics.get(record.channel_id) == LABELS:
            content = json.loads(record.data)
            spans.append(Span(record.log_time, content["end_ns"], content["label"]))
    try:
        channels = tuple(json.loads(about["channels"]))
        values = [[_number(row[name]) for name in channels] for row in rows]
        samples = np.array(values, dtype=np.float32).reshape(-1, len(channels))
        return Recording(np.array(times, np.int64), samples, channels, float(about["rate_hz"]), tuple(spans))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: is no recording of edge_runtime: it has no channels, rate and samples") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _records(path: Path) -> Iterator[Any]:
    """Yield the file's records as far as they are whole."""
    exceptions, reader = _package("exceptions"), _package("stream_reader")
    try:
        file = path.open("rb")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    with file:
        try:
            yield from reader.StreamReader(file).records
        except (exceptions.McapError, EOFError, ValueError, MemoryError, struct.error) as error:
            # At the end it is a file that was cut; at the beginning it is something else.
            if file.tell() <= MAGIC_BYTES:
                raise DataError(f"{path}: not an MCAP file") from error


def _plain(value: float) -> float | str:
    if np.isfinite(value):
        return value
    return "NaN" if np.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _number(value: Any) -> float:
    return NOT_NUMBERS[value] if isinstance(value, str) else float(value)


def _package(name: str) -> Any:
    import importlib  # noqa: PLC0415 - the package is an extra

    try:
        return importlib.import_module(f"mcap.{name}")
    except ImportError as error:
        raise ToolError("MCAP files need the mcap package: pip install 'edge-runtime[record]'") from error
