"""Streams: blocks, recordings and the ring buffer."""

from __future__ import annotations

from edge_runtime.stream.block import Block, Flags, check_block
from edge_runtime.stream.channels import find_channels
from edge_runtime.stream.clock import sample_times
from edge_runtime.stream.npz import load_recording, save_recording
from edge_runtime.stream.recording import Recording, Span, concatenate_cases
from edge_runtime.stream.ring import RingBuffer, ring_capacity

__all__ = [
    "Block",
    "Flags",
    "Recording",
    "RingBuffer",
    "Span",
    "check_block",
    "concatenate_cases",
    "find_channels",
    "load_recording",
    "ring_capacity",
    "sample_times",
    "save_recording",
]
