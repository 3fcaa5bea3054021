"""Bytes as they come from a line, into whole packets of samples."""

from __future__ import annotations

from edge_runtime.framing import FrameFinder
from edge_runtime.stream.frame import Packet, decode_packet

__all__ = ["Deframer"]


class Deframer(FrameFinder[Packet]):
    """Finds frames of samples and descriptions; `FrameFinder` says how."""

    def __init__(self) -> None:
        super().__init__(decode_packet)
