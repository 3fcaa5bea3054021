"""Frames on the serial line, as RFC 1662 has them: flags around them, escapes within, a CRC-32 at the end.

`docs/uart_bridge.md` says what is in them.
"""

from __future__ import annotations

import zlib

__all__ = ["FrameDecoder", "encode_frame"]

_FLAG = b"\x7e"
_ESCAPE = b"\x7d"
_TOGGLE = 0x20
_CHECK_BYTES = 4


def encode_frame(content: bytes) -> bytes:
    """Return the characters that bring `content` to the other end."""
    whole = content + zlib.crc32(content).to_bytes(_CHECK_BYTES, "little")
    for special in (_ESCAPE, _FLAG):
        whole = whole.replace(special, _ESCAPE + bytes([special[0] ^ _TOGGLE]))
    return _FLAG + whole + _FLAG


class FrameDecoder:
    """Finds the frames in what comes in, however it is cut into pieces."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, characters: bytes) -> list[bytes | None]:
        """Return the content of each frame that ends in `characters`; None for one that is damaged."""
        *ended, self._rest = (self._rest + characters).split(_FLAG)
        return [_content(frame) for frame in ended if frame]


def _content(frame: bytes) -> bytes | None:
    first, *others = frame.split(_ESCAPE)
    if not all(others):
        return None
    whole = first + b"".join(bytes([part[0] ^ _TOGGLE]) + part[1:] for part in others)
    content, check = whole[:-_CHECK_BYTES], whole[-_CHECK_BYTES:]
    return content if content and check == zlib.crc32(content).to_bytes(_CHECK_BYTES, "little") else None
