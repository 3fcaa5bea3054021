"""Where pynq looks for the overlay: put ``edge_runtime.bit`` and ``edge_runtime.hwh`` of your board into this folder.

`bitstreams/<board>/build.tcl` makes them with Vivado. pynq finds the folder by the entry point ``pynq.overlays``, so
that ``pynq.Overlay("edge_runtime.bit")`` works from anywhere.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["FOLDER"]

FOLDER = Path(__file__).parent
"""Where the bitstream lies."""
