"""Records over a serial line: what the frames hold.

A device sends records; whoever is at the other end acknowledges each one when it has it safe. Both travel in frames as
`edge_runtime.framing` defines them, with little-endian numbers:

====== ======== ================================================================
offset type     a record
====== ======== ================================================================
0      u8       protocol, 0x45 ("E")
1      u8       kind, 3
2      u16      0
4      u32      session: drawn at random whenever the device opens the line
8      u32      sequence: counts the session's records from 0, modulo 2**32
12     bytes    the record, a CBOR map (RFC 8949) with text keys
====== ======== ================================================================

====== ======== ================================================================
offset type     an acknowledgement
====== ======== ================================================================
0      u8       protocol, 0x45
1      u8       kind, 4
2      u8       status: 0 it is safe; 1 it will never be taken (too long)
3      u8       0
4      u32      session, as in the record
8      u32      sequence, as in the record
====== ======== ================================================================

A record that is not acknowledged in time is sent again, with the same session and sequence. Never more than `WINDOW`
sequence numbers are under way: the lowest one that is not acknowledged holds up the others. So a receiver that
remembers which of the newest 64 it has taken can tell a repetition; it acknowledges that again, and does not take it
twice. What was not acknowledged when a session ended comes again in another one, and is told by the record's ``id``.

``edge_records.h`` beside the serial receiver's example reads the same in C.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import cbor2

from edge_runtime.errors import DataError
from edge_runtime.framing import close_frame, open_frame

__all__ = ["WINDOW", "Acknowledgement", "RecordFrame", "decode_acknowledgement", "decode_record"]

PROTOCOL = 0x45
RECORD, ACKNOWLEDGEMENT = 3, 4
RECORD_HEAD = struct.Struct("<BBHII")
ACKNOWLEDGEMENT_HEAD = struct.Struct("<BBBBII")

TAKEN, REFUSED = 0, 1

WINDOW = 32
"""The most sequence numbers under way at once."""


@dataclass(frozen=True)
class RecordFrame:
    """A record on the line.

    Parameters
    ----------
    session, sequence
        Which one.
    record
        The record.
    """

    session: int
    sequence: int
    record: dict[str, Any]

    def encode(self) -> bytes:
        """Return it as it goes over the line."""
        head = RECORD_HEAD.pack(PROTOCOL, RECORD, 0, self.session, self.sequence)
        return close_frame(head + cbor2.dumps(self.record))


@dataclass(frozen=True)
class Acknowledgement:
    """What the receiver says of a record.

    Parameters
    ----------
    session, sequence
        Which one.
    taken
        Whether it is safe there; False: it never will be.
    """

    session: int
    sequence: int
    taken: bool = True

    def encode(self) -> bytes:
        """Return it as it goes over the line."""
        status = TAKEN if self.taken else REFUSED
        return close_frame(ACKNOWLEDGEMENT_HEAD.pack(PROTOCOL, ACKNOWLEDGEMENT, status, 0, self.session, self.sequence))


def decode_record(encoded: bytes) -> RecordFrame:
    """Read a record's frame, what lay between two zeros.

    Raises
    ------
    DataError
        If it is no whole one.
    """
    packet = open_frame(encoded)
    if len(packet) <= RECORD_HEAD.size or packet[:2] != bytes((PROTOCOL, RECORD)):
        raise DataError(f"frame of {len(encoded)} bytes: holds no record")
    _, _, _, session, sequence = RECORD_HEAD.unpack_from(packet)
    try:
        record = cbor2.loads(packet[RECORD_HEAD.size :])
    except (cbor2.CBORDecodeError, ValueError) as error:
        raise DataError(f"record {sequence}: its CBOR cannot be read ({error})") from error
    if not isinstance(record, dict):
        raise DataError(f"record {sequence}: is no CBOR map")
    return RecordFrame(session, sequence, record)


def decode_acknowledgement(encoded: bytes) -> Acknowledgement:
    """Read an acknowledgement's frame, what lay between two zeros.

    Raises
    ------
    DataError
        If it is no whole one.
    """
    packet = open_frame(encoded)
    if len(packet) != ACKNOWLEDGEMENT_HEAD.size or packet[:2] != bytes((PROTOCOL, ACKNOWLEDGEMENT)):
        raise DataError(f"frame of {len(encoded)} bytes: is no acknowledgement")
    _, _, status, _, session, sequence = ACKNOWLEDGEMENT_HEAD.unpack(packet)
    return Acknowledgement(session, sequence, status == TAKEN)
