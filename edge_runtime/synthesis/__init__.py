"""Synthesis with open tools: what an overlay takes of an FPGA, how fast it runs there, and its bitstream."""

from edge_runtime.synthesis.manifest import Manifest, bitstream_of, read_manifest, write_manifest
from edge_runtime.synthesis.program import program_board
from edge_runtime.synthesis.synth import SynthResult, route, synth
from edge_runtime.synthesis.tools import tool_versions

__all__ = [
    "Manifest",
    "SynthResult",
    "bitstream_of",
    "program_board",
    "read_manifest",
    "route",
    "synth",
    "tool_versions",
    "write_manifest",
]
