"""Embedded edge runtime with FPGA offload: int8 networks on an overlay, bit-exact, learning on the device."""

__version__ = "0.1.0"
