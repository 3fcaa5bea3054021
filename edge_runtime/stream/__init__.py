"""Streams: blocks, time, framing, recordings and the ring buffer."""

from __future__ import annotations

from edge_runtime.stream.block import Block, Flags, check_block
from edge_runtime.stream.channels import find_channels
from edge_runtime.stream.clock import sample_times
from edge_runtime.stream.clockmap import ClockMap
from edge_runtime.stream.deframer import Deframer
from edge_runtime.stream.files import load_recording, save_recording
from edge_runtime.stream.frame import (
    Description,
    SampleFrame,
    decode_packet,
    encode_description,
    encode_samples,
)
from edge_runtime.stream.reader import RingReader
from edge_runtime.stream.recording import Recording, Span, concatenate_cases
from edge_runtime.stream.resample import Resampler, grid_time
from edge_runtime.stream.ring import RingBuffer, ring_capacity
from edge_runtime.stream.sequence import Sequencer

__all__ = [
    "Block",
    "ClockMap",
    "Deframer",
    "Description",
    "Flags",
    "Recording",
    "Resampler",
    "RingBuffer",
    "RingReader",
    "SampleFrame",
    "Sequencer",
    "Span",
    "check_block",
    "concatenate_cases",
    "decode_packet",
    "encode_description",
    "encode_samples",
    "find_channels",
    "grid_time",
    "load_recording",
    "ring_capacity",
    "sample_times",
    "save_recording",
]
