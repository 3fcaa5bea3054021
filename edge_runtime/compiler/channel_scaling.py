"""Products with a number for each channel: a depthwise kernel of one pixel, read as often as its numbers need."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.engine_layer import EngineLayer
from edge_runtime.compiler.requantisation import Requantisation
from edge_runtime.compiler.scope import Site
from edge_runtime.compiler.vector_lowering import lower_depthwise
from edge_runtime.compiler.window import Span, Sweep

__all__ = ["lower_channel_scaling", "weight_parts"]

_Factors = npt.NDArray[np.int32]

_LOWEST, _HIGHEST = -128, 127


def lower_channel_scaling(factors: _Factors, finish: Requantisation, site: Site) -> EngineLayer:
    """Lower ``requantised(x * factor)`` of each byte x.

    Parameters
    ----------
    factors
        int32[channels], -255 to 255.
    finish
        The requantisation; its bias takes the input's zero point times the factors off.
    site
        Where the layer reads and writes.
    """
    weights, form = weight_parts(factors), site.source_layout.form
    lines, columns = (Span(1, 1, 1, 0, count) for count in (form.lines, form.columns))
    sweep = Sweep(lines, replace(columns, kernel=len(weights), dilation=0) if len(weights) > 1 else columns)
    return lower_depthwise(sweep, weights[np.newaxis].astype(np.int16), finish, site)


def weight_parts(factors: _Factors) -> _Factors:
    """Return numbers as sums of as few int8 as they need, [parts, channels].

    Examples
    --------
    >>> weight_parts(np.array([255, -3], np.int32))
    array([[127,  -3],
           [127,   0],
           [  1,   0]], dtype=int32)
    """
    parts: list[_Factors] = []
    rest = factors
    while not parts or rest.any():
        parts.append(np.clip(rest, _LOWEST, _HIGHEST))
        rest = rest - parts[-1]
    return np.stack(parts)
