"""The few fields of Protocol Buffers' wire format that Sparkplug needs, so that the device needs no further package."""

from __future__ import annotations

import struct

__all__ = ["double_field", "message_field", "text_field", "varint_field"]

VARINT, FIXED64, BYTES = 0, 1, 2


def varint_field(number: int, value: int) -> bytes:
    """Encode an integer or a truth value; a negative one as 64-bit two's complement.

    Examples
    --------
    >>> varint_field(1, 150).hex()
    '089601'
    """
    return _tag(number, VARINT) + _varint(value & 0xFFFF_FFFF_FFFF_FFFF)


def double_field(number: int, value: float) -> bytes:
    """Encode a double."""
    return _tag(number, FIXED64) + struct.pack("<d", value)


def text_field(number: int, value: str) -> bytes:
    """Encode text as UTF-8."""
    return message_field(number, value.encode())


def message_field(number: int, value: bytes) -> bytes:
    """Encode bytes, or a message that has been encoded already."""
    return _tag(number, BYTES) + _varint(len(value)) + value


def _tag(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
