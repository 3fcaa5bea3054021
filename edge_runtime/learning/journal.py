"""The label log: events on disk before they take effect, in batches that are there wholly or not at all.

::

    header  8 bytes  magic "EDGELABL"
            2 bytes  version, little-endian
            32 bytes the learner's fingerprint
            8 bytes  sequence number of the first event
            4 bytes  CRC-32 of all before
    batch   4 bytes  mark "BTCH"
            4 bytes  length of the events
            8 bytes  sequence number of the first one
            4 bytes  CRC-32 of length, sequence number and events
            ...      events, each after its length (4 bytes)

A batch is written and synchronised before the next one begins, so after a power cut only the last can be
torn; a torn one was never acknowledged and is cut off. A bad batch with a good one behind it is damage, and refused.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from typing_extensions import Self

from edge_runtime.errors import StateError
from edge_runtime.learning.events import Event, event_from_bytes, event_to_bytes

__all__ = ["Journal"]

VERSION = 1

_MAGIC = b"EDGELABL"
_HEADER = struct.Struct("<8sH32sQ")
_MARK = b"BTCH"
_BATCH = struct.Struct("<4sIQI")
_CRC = struct.Struct("<I")
_CHECKED = struct.Struct("<IQ")
_LENGTH = struct.Struct("<I")


class Journal:
    """One file of a label log, open for appending; closed as a context manager or by hand.

    Parameters
    ----------
    path
        The file; begun if it is not there, else its torn end is cut off.
    fingerprint
        The learner's, 64 hexadecimal digits.
    first
        The sequence number of the first event of a file that is begun.

    Attributes
    ----------
    first, next
        Sequence numbers of the file's first event, and of the one that comes next.

    Raises
    ------
    StateError
        If the file is no label log, of another version or learner, damaged, or cannot be opened.
    """

    def __init__(self, path: Path, *, fingerprint: str, first: int) -> None:
        self._path = path
        header = _header(fingerprint, first)
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            data = path.read_bytes()
        except OSError as error:
            raise StateError(f"the label log {path} cannot be opened: {error.strerror}") from error
        if len(data) < len(header):
            # Its beginning was torn: nothing can have been acknowledged.
            self._rewrite(header)
            data = header
        self.first = _check_header(path, data, fingerprint)
        self._events, self._end = _read_batches(path, data)
        self.next = self.first + len(self._events)
        self._rewrite_end()

    def events(self) -> Iterator[tuple[int, Event]]:
        """Yield each event that was there on opening, with its sequence number."""
        for offset, data in enumerate(self._events):
            yield self.first + offset, event_from_bytes(data)

    def append(self, events: Sequence[Event]) -> None:
        """Write events as one batch; they are durable when this returns, or none of them is there.

        Raises
        ------
        StateError
            If they cannot be written, as on a full disk; the log is as before then.
        """
        body = b"".join(_LENGTH.pack(len(data)) + data for data in map(event_to_bytes, events))
        check = zlib.crc32(body, zlib.crc32(_CHECKED.pack(len(body), self.next)))
        batch = _BATCH.pack(_MARK, len(body), self.next, check) + body
        try:
            _write(self._file, batch, self._end)
            os.fdatasync(self._file)
        except OSError as error:
            self._rewrite_end()
            raise StateError(f"the label log {self._path} cannot be written: {error.strerror}") from error
        self._end += len(batch)
        self.next += len(events)

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rewrite(self, header: bytes) -> None:
        os.ftruncate(self._file, 0)
        _write(self._file, header, 0)
        os.fsync(self._file)

    def _rewrite_end(self) -> None:
        """Cut off what is behind the last whole batch."""
        os.ftruncate(self._file, self._end)
        os.fsync(self._file)


def _header(fingerprint: str, first: int) -> bytes:
    fields = _HEADER.pack(_MAGIC, VERSION, bytes.fromhex(fingerprint), first)
    return fields + _CRC.pack(zlib.crc32(fields))


def _write(file: int, data: bytes, offset: int) -> None:
    done = 0
    while done < len(data):
        done += os.pwrite(file, data[done:], offset + done)


def _check_header(path: Path, data: bytes, fingerprint: str) -> int:
    """Return the sequence number of the first event."""
    magic, version, learner, first = _HEADER.unpack_from(data)
    if magic != _MAGIC:
        raise StateError(f"{path} is no label log: it does not begin with EDGELABL")
    if _CRC.unpack_from(data, _HEADER.size)[0] != zlib.crc32(data[: _HEADER.size]):
        raise StateError(f"the label log {path} is damaged: its header's checksum does not match")
    if version != VERSION:
        raise StateError(f"the label log {path} has version {version}: this release reads version {VERSION}")
    if learner.hex() != fingerprint:
        raise StateError(f"the label log {path} belongs to another network, or to other settings")
    return int(first)


def _read_batches(path: Path, data: bytes) -> tuple[list[bytes], int]:
    """Return the events of all whole batches, and where the last one ends."""
    first = int(_HEADER.unpack_from(data)[3])
    events: list[bytes] = []
    offset = _HEADER.size + _CRC.size
    while (body := _batch_at(data, offset, first + len(events))) is not None:
        events += _split(path, body)
        offset += _BATCH.size + len(body)
    later = data.find(_MARK, offset + 1)
    while later >= 0:
        if _batch_at(data, later, None) is not None:
            raise StateError(f"the label log {path} is damaged at byte {offset}: there are good labels behind it")
        later = data.find(_MARK, later + 1)
    return events, offset


def _batch_at(data: bytes, offset: int, sequence: int | None) -> bytes | None:
    """Return the events of the batch that begins here, if it is whole and, if that is said, the next in sequence."""
    if len(data) < offset + _BATCH.size:
        return None
    mark, length, number, check = _BATCH.unpack_from(data, offset)
    body = data[offset + _BATCH.size : offset + _BATCH.size + length]
    whole = mark == _MARK and len(body) == length and sequence in (None, number)
    return body if whole and check == zlib.crc32(body, zlib.crc32(_CHECKED.pack(length, number))) else None


def _split(path: Path, body: bytes) -> Iterator[bytes]:
    offset = 0
    while offset < len(body):
        (length,) = _LENGTH.unpack_from(body, offset)
        offset += _LENGTH.size
        if offset + length > len(body):
            raise StateError(f"the label log {path} is damaged: an event of {length} bytes is longer than its batch")
        yield body[offset : offset + length]
        offset += length
