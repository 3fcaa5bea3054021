"""From a float network to an int8 one: what the framework trained becomes what the compiler takes."""

from edge_runtime.quantization.difference import Difference
from edge_runtime.quantization.quantize import Quantized, quantize_model
from edge_runtime.quantization.samples import load_samples, view_samples

__all__ = ["Difference", "Quantized", "load_samples", "quantize_model", "view_samples"]
