"""Weights as rows of the weight memories of array and vector unit.

A row holds one int8 for every lane and output channel of the array: byte ``lane * oc_lanes + channel``. A layer's
rows follow each other by tiles of output channels, passes, and steps of input lanes.

On a packed overlay two output channels, a low and a high one, share a multiplier, and four lanes a chain. That is
exact as long as the low channel's four products sum to a 17-bit signed number, and a high weight of -128 has no
negative low partner (the operand has 25 bits). Weights that break this are halved, and the layer walks its inputs
twice: as ever exact, only slower. So are weights of more than eight bits, as older uint8 networks have.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.parameters import OverlayParameters

__all__ = ["pack_lanes", "unpack_rows"]

_CHAIN_LANES = 4
_LOW_MIN = -(1 << 16)
_LOW_MAX = (1 << 16) - 1


def pack_lanes(lanes: npt.NDArray[np.int16], parameters: OverlayParameters) -> npt.NDArray[np.uint8]:
    """Return an array layer's weight rows.

    Parameters
    ----------
    lanes
        int16[tiles, steps, k_lanes, oc_lanes]: the weight that each lane has in each step for each output channel;
        -254 to 254. parameters The overlay's.

    Returns
    -------
    numpy.ndarray
        uint8[tiles, passes, steps, k_lanes * oc_lanes]; passes is 1 or, for weights that had to be split, 2.
    """
    parts = _split(lanes, packed=parameters.packed)
    return _rows([_borrow(part) for part in parts] if parameters.packed else parts)


def unpack_rows(rows: npt.NDArray[np.uint8], parameters: OverlayParameters) -> npt.NDArray[np.int16]:
    """Return the weights [..., k_lanes, oc_lanes] that the array multiplies with, from rows of bytes."""
    stored = rows.view(np.int8).astype(np.int16).reshape(*rows.shape[:-1], parameters.k_lanes, parameters.oc_lanes)
    if parameters.packed:
        stored[..., 1::2] += stored[..., 0::2] < 0
    return stored


def _split(lanes: npt.NDArray[np.int16], *, packed: bool) -> list[npt.NDArray[np.int16]]:
    """Return the weights as one part, or as two that add up to them and can both be stored."""
    too_much = (lanes < np.iinfo(np.int8).min) | (lanes > np.iinfo(np.int8).max)
    if packed:
        low, high = lanes[..., 0::2], lanes[..., 1::2]
        too_much[..., 0::2] |= _low_overflows(low)
        too_much[..., 1::2] |= (high == np.iinfo(np.int8).min) & (low < 0)
    if not too_much.any():
        return [lanes]
    rest = np.where(too_much, lanes >> 1, 0).astype(np.int16)
    return [lanes - rest, rest]


def _low_overflows(low: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    """Mark the lanes of chains whose sum of products could leave 17 bits for some activations."""
    chains = low.reshape(*low.shape[:2], -1, _CHAIN_LANES, low.shape[-1]).astype(np.int64)
    positive = np.maximum(chains, 0).sum(axis=3, keepdims=True)
    negative = np.minimum(chains, 0).sum(axis=3, keepdims=True)
    largest = 127 * positive - 128 * negative
    smallest = -128 * positive + 127 * negative
    overflows = (largest > _LOW_MAX) | (smallest < _LOW_MIN)
    return np.broadcast_to(overflows, chains.shape).reshape(low.shape)


def _borrow(lanes: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """Take one off each high weight whose low partner is negative: the packed operand then is mere wiring."""
    stored = lanes.copy()
    stored[..., 1::2] -= lanes[..., 0::2] < 0
    return stored


def _rows(parts: list[npt.NDArray[np.int16]]) -> npt.NDArray[np.uint8]:
    stacked = np.stack(parts, axis=1).astype(np.int8)
    return stacked.reshape(*stacked.shape[:3], -1).view(np.uint8)
