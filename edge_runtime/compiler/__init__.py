"""From an int8 network to a program for the overlay, with exact cycle counts."""

from edge_runtime.compiler.assemble import compile_model
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.compiler.program import Program

__all__ = ["OverlayParameters", "Program", "compile_model"]
