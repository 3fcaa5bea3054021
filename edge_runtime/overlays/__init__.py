"""Where pynq looks for the overlay: put ``edge_runtime.bit`` and ``edge_runtime.hwh`` of your board into this folder.

`bitstreams/<board>/build.tcl` makes them with Vivado. pynq finds the folder by the entry point ``pynq.overlays``, so
that ``pynq.Overlay("edge_runtime.bit")`` works from anywhere.
"""
