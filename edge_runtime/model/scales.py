"""What follows from tensors' scales, computed exactly as TFLite computes it: factors, and the limits of activations.

The last bit matters: it decides the last bit of the 32-bit multiplier, and that some results' rounding.

Source: TensorFlow Lite 2.14, ``GetQuantizedConvolutionMultipler`` (sic) in ``lite/kernels/kernel_util.cc``, and the
``Prepare`` functions of ``fully_connected.cc`` and ``quantize.cc``; found true for tflite-runtime 2.14 on random
scales, where the other order of rounding is not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ModelError
from edge_runtime.model.graph import Activation, Tensor, describe, quantization_of

__all__ = ["activation_limits", "fully_connected_factors", "requantize_factor"]

_LOWEST, _HIGHEST = -128, 127


def fully_connected_factors(source: Tensor, weights: Tensor, output: Tensor) -> npt.NDArray[np.float64]:
    """Return the factor from accumulators to outputs of a FULLY_CONNECTED.

    Returns
    -------
    numpy.ndarray
        float64[1], or float64[outputs] where the weights have a scale per output. With one scale TFLite rounds
        the product of input and weight scale to float32 first; with several it does not.
    """
    source_scales, weight_scales = quantization_of(source).scales, quantization_of(weights).scales
    output_scale = quantization_of(output).scale
    if len(weight_scales) == 1:
        with np.errstate(over="ignore"):
            product = np.multiply(source_scales, weight_scales)
        return np.divide(product, output_scale, dtype=np.float64)
    return np.multiply(source_scales, weight_scales, dtype=np.float64) / output_scale


def requantize_factor(source: Tensor, output: Tensor) -> float:
    """Return the factor from a quantised input's steps to an output's steps."""
    return quantization_of(source).scale / quantization_of(output).scale


def activation_limits(activation: Activation, output: Tensor) -> tuple[int, int]:
    """Return the smallest and largest int8 that a fused activation lets through.

    Parameters
    ----------
    activation
        The activation.
    output
        The int8 tensor that is written.

    Raises
    ------
    ModelError
        If a limit is so many of the output's steps that TFLite refuses it.
    """
    zero = quantization_of(output).zero_point
    if activation is Activation.NONE:
        return _LOWEST, _HIGHEST
    if activation is Activation.RELU:
        return zero, _HIGHEST
    if activation is Activation.RELU6:
        return zero, min(_HIGHEST, zero + _steps(6.0, output))
    one = _steps(1.0, output)
    return max(_LOWEST, zero - one), min(_HIGHEST, zero + one)


def _steps(real: float, output: Tensor) -> int:
    """Return how many steps of `output` a positive number is, rounded half up, divided in float32."""
    with np.errstate(over="ignore"):
        steps = float(np.float32(real) / quantization_of(output).scales[0])
    if steps >= 2.0**31:
        scale = quantization_of(output).scale
        raise ModelError(f"{describe(output)} has scale {scale:g}, too small for the activation's limit {real:g}")
    return int(np.floor(steps + 0.5))
