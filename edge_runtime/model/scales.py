"""What follows from tensors' scales, computed exactly as TFLite computes it: factors, and the limits of activations.

The last bit matters: it decides the last bit of the 32-bit multiplier, and that some results' rounding.

Source: TensorFlow Lite 2.14, ``GetQuantizedConvolutionMultipler`` (sic) and
``PopulateConvolutionQuantizationParams`` in ``lite/kernels/kernel_util.cc``, and the ``Prepare`` functions of the
operators; found true for tflite-runtime 2.14 on random scales, where another order of rounding is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ModelError
from edge_runtime.model.fixed_point import quantize_multiplier, split_factor
from edge_runtime.model.graph import Activation, OpKind, Tensor, describe, quantization_of

__all__ = [
    "ADDITION_LEFT_SHIFT",
    "DIFFERENCE_LEFT_SHIFT",
    "AdditionScales",
    "LogSoftmaxScales",
    "activation_limits",
    "addition_scales",
    "convolution_factors",
    "exponent_scale",
    "float_ratio",
    "fully_connected_factors",
    "hard_swish_factors",
    "leaky_factor",
    "limits_of",
    "log_softmax_scales",
    "mean_multiplier",
    "multiplication_factor",
    "prelu_factor",
    "relu_limits",
    "requantize_factor",
    "rsqrt_factor",
    "squared_difference_scales",
]

#: By how much ADD and SUB shift their inputs to the left before they scale them.
ADDITION_LEFT_SHIFT = 20

#: By how much SQUARED_DIFFERENCE does.
DIFFERENCE_LEFT_SHIFT = 7

#: Exponents have so many integer bits beside the sign.
_EXPONENT_INTEGER_BITS = 5

#: The scale on which 2**15 stands for the real number 3.
_HARD_SWISH_THREE = np.float32(3.0 / 32768.0)


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


def convolution_factors(source: Tensor, weights: Tensor, output: Tensor) -> npt.NDArray[np.float64]:
    """Return the factor from accumulators to outputs of an int8 CONV_2D or DEPTHWISE_CONV_2D.

    Returns
    -------
    numpy.ndarray
        float64, as many as the weights have scales. In doubles throughout, even where there is one.
    """
    source_scales, weight_scales = quantization_of(source).scales, quantization_of(weights).scales
    return np.multiply(source_scales, weight_scales, dtype=np.float64) / quantization_of(output).scale


def requantize_factor(source: Tensor, output: Tensor) -> float:
    """Return the factor from a quantised input's steps to an output's steps."""
    return quantization_of(source).scale / quantization_of(output).scale


def float_ratio(source: Tensor, output: Tensor) -> float:
    """Return the same factor as RELU, RELU6 and LEAKY_RELU take it: divided in float32."""
    with np.errstate(over="ignore", under="ignore"):
        return float(quantization_of(source).scales[0] / quantization_of(output).scales[0])


def leaky_factor(source: Tensor, output: Tensor, alpha: float) -> float:
    """Return the factor of a LEAKY_RELU below zero, in float32 throughout."""
    with np.errstate(over="ignore", under="ignore"):
        return float(quantization_of(source).scales[0] * np.float32(alpha) / quantization_of(output).scales[0])


def prelu_factor(source: Tensor, alpha: Tensor, output: Tensor) -> float:
    """Return the factor of a PRELU below zero, from the product of input and alpha, in float32 throughout."""
    return leaky_factor(source, output, quantization_of(alpha).scale)


def rsqrt_factor(source: Tensor, output: Tensor) -> float:
    """Return the factor of an RSQRT, from the inverse root of the input's steps to the output's steps."""
    with np.errstate(over="ignore", under="ignore"):
        product = np.sqrt(quantization_of(source).scales[0]) * quantization_of(output).scales[0]
    return 1.0 / float(product) if product else float("inf")


def hard_swish_factors(source: Tensor, output: Tensor) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return two 16-bit multipliers with their shifts: to the output's scale, and to the one on which 2**15 is 3.

    Raises
    ------
    ModelError
        If the scales are so far apart that TFLite refuses them.
    """
    fine = np.float32(1 / 128) * quantization_of(source).scales[0]
    with np.errstate(over="ignore", under="ignore"):
        to_output = quantize_multiplier(float(fine / quantization_of(output).scales[0]))
        to_three = quantize_multiplier(float(fine / _HARD_SWISH_THREE))
    if to_output[1] > 0:
        raise ModelError(f"{describe(output)} has a scale of less than a 128th of the input's")
    return (_to_short(to_output[0]), to_output[1]), (_to_short(to_three[0]), to_three[1])


def _to_short(multiplier: int) -> int:
    return min((multiplier + (1 << 15)) >> 16, (1 << 15) - 1)


def mean_multiplier(source: Tensor, output: Tensor, count: int) -> tuple[int, int]:
    """Return the multiplier and shift of a MEAN: from the sum of `count` elements less their zero points to the output.

    The division by `count` is folded in, to as many bits as TFLite keeps; the multiplier may be below 2**30.
    """
    multiplier, shift = quantize_multiplier(requantize_factor(source, output))
    spare = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << spare) // count, shift - spare


@dataclass(frozen=True)
class AdditionScales:
    """The integers of an ADD or SUB.

    Each input less its zero point is shifted left by `ADDITION_LEFT_SHIFT` and multiplied by its own multiplier and
    shift; the sum or difference is multiplied by `output`, and the output's zero point is added. Multiplication is by
    `multiply_by_quantized_multiplier`, double rounding; all shifts are to the right, so none is above 0.
    """

    one: tuple[int, int]
    other: tuple[int, int]
    output: tuple[int, int]


def addition_scales(one: Tensor, other: Tensor, output: Tensor) -> AdditionScales:
    """Return the multipliers and shifts of an ADD or SUB.

    Raises
    ------
    ModelError
        If the output's scale is so small that TFLite aborts.
    """
    scales = [quantization_of(tensor).scale for tensor in (one, other)]
    twice = 2 * max(scales)
    factors = scales[0] / twice, scales[1] / twice, twice / _fine_scale(output, ADDITION_LEFT_SHIFT)
    return _binary_scales(factors, output, "a 2**19th of an input's")


def _binary_scales(factors: tuple[float, float, float], output: Tensor, least: str) -> AdditionScales:
    """Return the scales of two operands on common ground and of the output, which TFLite only ever shifts down."""
    if split_factor(factors[2])[1] > 0:
        raise ModelError(f"{describe(output)} has scale {quantization_of(output).scale:g}, less than {least}")
    return AdditionScales(*(quantize_multiplier(factor) for factor in factors))


def _fine_scale(output: Tensor, bits: int) -> float:
    """Return a scale times a power of two, which TFLite has in float32, and stops where it has no such number."""
    with np.errstate(over="ignore"):
        fine = float(quantization_of(output).scales[0] * np.float32(1 << bits))
    if not np.isfinite(fine):
        raise ModelError(f"{describe(output)} has scale {quantization_of(output).scale:g}, too large to be multiplied")
    return fine


@dataclass(frozen=True)
class LogSoftmaxScales:
    """How LOG_SOFTMAX scales differences of inputs.

    Parameters
    ----------
    forward, backward
        Multiplier and shift from steps of the input to Q5.26, and back again.
    largest
        The largest difference that fits once it is scaled.
    """

    forward: tuple[int, int]
    backward: tuple[int, int]
    largest: int


def exponent_scale(real: float) -> tuple[int, int, int]:
    """Return how SOFTMAX and LOG_SOFTMAX scale differences of inputs to exponents, Q5.26.

    Parameters
    ----------
    real
        What one step of the input stands for.

    Returns
    -------
    tuple
        Multiplier, shift, and the largest difference that fits once it is scaled.
    """
    fraction_bits = 31 - _EXPONENT_INTEGER_BITS
    multiplier, shift = split_factor(min(real * 2.0**fraction_bits, 2.0**31 - 1))
    return multiplier, shift, math.floor((2**_EXPONENT_INTEGER_BITS - 1) * 2.0**fraction_bits / 2.0**shift)


def log_softmax_scales(scale: float) -> LogSoftmaxScales | None:
    """Return how LOG_SOFTMAX scales inputs of this scale; None where TFLite aborts, as it is 2**-26 or less."""
    multiplier, shift, largest = exponent_scale(scale)
    if shift < 1:
        return None
    back = 2.0 ** (31 - shift) / multiplier
    if back >= 1:
        return None
    return LogSoftmaxScales((multiplier, shift), split_factor(back), largest)


def squared_difference_scales(one: Tensor, other: Tensor, output: Tensor) -> AdditionScales:
    """Return the multipliers and shifts of a SQUARED_DIFFERENCE, whose inputs are shifted by `DIFFERENCE_LEFT_SHIFT`.

    Raises
    ------
    ModelError
        If the output's scale is so small that TFLite aborts.
    """
    scales = [quantization_of(tensor).scale for tensor in (one, other)]
    twice = 2 * max(scales)
    factors = scales[0] / twice, scales[1] / twice, twice * twice / _fine_scale(output, 2 * DIFFERENCE_LEFT_SHIFT)
    return _binary_scales(factors, output, "a 2**12th of an input's squared")


def multiplication_factor(one: Tensor, other: Tensor, output: Tensor) -> float:
    """Return the factor of a MUL: from the product of both inputs, less their zero points, to the output's steps."""
    scales = [quantization_of(tensor).scales[0] for tensor in (one, other, output)]
    with np.errstate(over="ignore", under="ignore"):
        # TFLite computes this one in float32
        return float(scales[0] * scales[1] / scales[2])


def limits_of(tensor: Tensor) -> tuple[int, int]:
    """Return the smallest and largest number that an integer tensor can hold."""
    limits = np.iinfo(tensor.dtype)
    return int(limits.min), int(limits.max)


def activation_limits(activation: Activation, output: Tensor) -> tuple[int, int]:
    """Return the smallest and largest number that a fused activation lets through.

    Parameters
    ----------
    activation
        The activation.
    output
        The int8 or uint8 tensor that is written.

    Raises
    ------
    ModelError
        If a limit is so many of the output's steps that TFLite refuses it.
    """
    lowest, highest = limits_of(output)
    zero = quantization_of(output).zero_point
    if activation is Activation.NONE:
        return lowest, highest
    if activation is Activation.RELU:
        return zero, highest
    if activation is Activation.RELU6:
        return zero, min(highest, zero + _steps(6.0, output))
    one = _steps(1.0, output)
    return max(lowest, zero - one), min(highest, zero + one)


def relu_limits(kind: OpKind, output: Tensor) -> tuple[int, int]:
    """Return the smallest and largest number that a RELU, RELU6, RELU_0_TO_1 or RELU_N1_TO_1 lets through.

    Raises
    ------
    ModelError
        As `activation_limits` does.
    """
    if kind is OpKind.RELU_0_TO_1:
        zero = quantization_of(output).zero_point
        return zero, min(limits_of(output)[1], zero + _steps(1.0, output))
    return activation_limits(Activation(kind.value), output)


def _steps(real: float, output: Tensor) -> int:
    """Return how many steps of `output` a positive number is, rounded half up, divided in float32."""
    with np.errstate(over="ignore"):
        steps = float(np.float32(real) / quantization_of(output).scales[0])
    if steps >= 2.0**31:
        scale = quantization_of(output).scale
        raise ModelError(f"{describe(output)} has scale {scale:g}, too small for the activation's limit {real:g}")
    return int(np.floor(steps + 0.5))
