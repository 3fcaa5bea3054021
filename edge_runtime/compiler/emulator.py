"""A functional model of the engine: runs a program's descriptors on copies of its memories, bit for bit, without time.

It does what the descriptors say, not what the network means, so that it finds the compiler's mistakes; the RTL is
held against the same reference. Layers run one after the other: WAIT is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.descriptor import descriptor_fields
from edge_runtime.compiler.engine_layer import Function
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.packing import unpack_rows
from edge_runtime.compiler.parameters import VECTOR_LINES, OverlayParameters
from edge_runtime.compiler.walk import (
    Fields,
    array_reads,
    array_writes,
    output_columns,
    vector_reads,
    vector_writes,
)
from edge_runtime.model.fixed_point import QuantizedMultiplier, Rounding

__all__ = ["EngineMemories", "emulate"]

_Array = Any  # arrays of whichever integers; numpy's own types are too narrow for what happens here
_COLUMNS = 3


@dataclass
class EngineMemories:
    """The engine's memories, as the host writes them.

    Parameters
    ----------
    activations
        int8[bytes]; changed by a run.
    descriptors
        uint32[descriptors, words].
    weight_rows, vec_weight_rows
        uint8[rows, row bytes].
    channels, vec_channels
        uint32[channels, 4].
    tables
        int32[pairs, 256, 2].
    """

    activations: npt.NDArray[np.int8]
    descriptors: npt.NDArray[np.uint32]
    weight_rows: npt.NDArray[np.uint8]
    channels: npt.NDArray[np.uint32]
    vec_weight_rows: npt.NDArray[np.uint8]
    vec_channels: npt.NDArray[np.uint32]
    tables: npt.NDArray[np.int32]


def emulate(memories: EngineMemories, parameters: OverlayParameters, *, entry: int, bank: int = 0) -> int | None:
    """Run from descriptor `entry` to the one that is marked as the last.

    Returns
    -------
    int or None
        The index of a descriptor whose opcode is unknown, where the run ended there.
    """
    index = entry
    emulation = _Emulation(memories, parameters)
    while True:
        fields = descriptor_fields(memories.descriptors[index].tolist(), parameters)
        banked = fields["BANKED"]
        if banked and bank:
            fields = descriptor_fields(memories.descriptors[index + 1].tolist(), parameters)
        if not emulation.run(fields):
            return index
        if fields["LAST"]:
            return None
        index += 1 + banked


class _Emulation:
    def __init__(self, memories: EngineMemories, parameters: OverlayParameters) -> None:
        self._memories = memories
        self._parameters = parameters
        self._buffered = np.zeros((0, 0), np.int8)
        self._taker: Fields = {}

    def run(self, fields: Fields) -> bool:
        opcodes = host_interface().opcodes
        if fields["OPCODE"] == opcodes["ARRAY"]:
            self._run_array(fields)
        elif fields["OPCODE"] == opcodes["VECTOR"]:
            self._run_vector(fields)
        else:
            return False
        return True

    # the array unit

    def _run_array(self, fields: Fields) -> None:
        parameters = self._parameters
        inputs = self._array_inputs(fields)
        weights = self._array_weights(fields)
        tiles = fields["TILES"]
        sums = [
            inputs[:, :, tile if inputs.shape[2] > 1 else 0] @ weights[tile if len(weights) > 1 else 0]
            for tile in range(tiles)
        ]
        accumulators = np.stack(sums, axis=2).reshape(*sums[0].shape[:2], -1).astype(np.int64)
        phases = parameters.oc_lanes // parameters.requant_lanes
        rows = (
            fields["PARAM_ROW"] + np.arange(1 if fields["PARAM_HOLD"] else tiles)[:, None] * phases + np.arange(phases)
        )
        channels = (rows[..., None] * parameters.requant_lanes + np.arange(parameters.requant_lanes)).reshape(-1)
        words = np.tile(self._memories.channels[channels], (tiles if fields["PARAM_HOLD"] else 1, 1))
        outputs = _requantise(accumulators, words, fields)
        if fields["CHAINED"]:
            outputs = self._handed_over(outputs, self._taker)
        addresses = array_writes(fields, parameters)
        self._memories.activations[addresses] = outputs[..., : addresses.shape[-1]]

    def _array_inputs(self, fields: Fields) -> _Array:
        """Return what each tile's steps read, [rows, positions, tiles, steps of a pass x lanes]."""
        lanes = self._parameters.k_lanes
        if fields["FUSED"]:
            return self._from_buffer(fields, lanes)
        addresses, inside = array_reads(fields, lanes, self._parameters)
        values = np.where(inside, self._memories.activations[addresses], np.int8(fields["PAD_VALUE"]))
        return values.reshape(*values.shape[:3], -1).astype(np.float64)

    def _from_buffer(self, fields: Fields, lanes: int) -> _Array:
        x = fields["X_START"] + np.arange(fields["POSITIONS"]) * fields["X_STEP"]
        lane = np.arange(fields["STEPS"] * lanes)
        half = self._parameters.row_buffer_bytes // 2
        columns = (x[:, None] + lane) % half
        return self._buffered[:, columns][:, :, np.newaxis].astype(np.float64)

    def _array_weights(self, fields: Fields) -> _Array:
        """Return the weights of each tile, [tiles, steps of a pass x lanes, output channels], passes added up."""
        steps = fields["GROUPS"] * fields["TAPS"] * fields["STEPS"]
        count = fields["PASSES"] * steps
        tiles = 1 if fields["TILE_REUSE"] or fields["WEIGHT_HOLD"] else fields["TILES"]
        rows = fields["WEIGHT_ROW"] + np.arange(tiles * count)
        if fields["WEIGHT_HOLD"]:
            rows = np.full(count, fields["WEIGHT_ROW"])
        weights = unpack_rows(self._memories.weight_rows[rows], self._parameters)
        shaped = weights.reshape(tiles, fields["PASSES"], steps * self._parameters.k_lanes, -1)
        return shaped.sum(axis=1, dtype=np.int64).astype(np.float64)

    # the vector unit

    def _run_vector(self, fields: Fields) -> None:
        if fields["CHAINED"]:
            self._taker = fields
            return
        parameters = self._parameters
        lanes = VECTOR_LINES * parameters.vec_lanes
        addresses, inside = vector_reads(fields, lanes, parameters)
        values = np.where(inside, self._memories.activations[addresses], np.int8(fields["PAD_VALUE"]))
        lines = values.reshape(*values.shape[:-1], VECTOR_LINES, parameters.vec_lanes).astype(np.int64)
        accumulators = _FUNCTIONS[Function(fields["FUNCTION"])](self, fields, lines)[:, :, output_columns(fields)]
        rows = fields["PARAM_ROW"] + (
            np.zeros(fields["TILES"], int) if fields["PARAM_HOLD"] else np.arange(fields["TILES"])
        )
        channels = (rows[:, None] * parameters.vec_lanes + np.arange(parameters.vec_lanes)).reshape(-1)
        by_channel = accumulators.transpose(0, 2, 1, 3).reshape(accumulators.shape[0], accumulators.shape[2], -1)
        outputs = _requantise(by_channel, self._memories.vec_channels[channels], fields)
        if fields["FUSED"]:
            self._fill_buffer(fields, outputs)
            return
        targets = vector_writes(fields, parameters)
        self._memories.activations[targets] = outputs[..., : targets.shape[-1]]

    def _handed_over(self, values: npt.NDArray[np.int8], fields: Fields) -> npt.NDArray[np.int8]:
        """Return what a chained layer makes of the array's outputs [rows, positions, channels]."""
        channels = values.shape[2]
        lines = np.zeros((*values.shape, 1, 1, VECTOR_LINES, 1), np.int64)
        lines[:, :, :, 0, 0, 0, 0] = values
        if fields["OPERAND"]:
            addresses, _ = vector_reads(fields, self._parameters.oc_lanes, self._parameters)
            tiles = self._memories.activations[addresses[:, :, :, 0, 0]]
            lines[:, :, :, 0, 0, 1, 0] = tiles.reshape(*values.shape[:2], -1)[..., :channels]
        accumulators = _FUNCTIONS[Function(fields["FUNCTION"])](self, fields, lines)[..., 0]
        word = fields["PARAM_ROW"] * self._parameters.vec_lanes
        words = np.repeat(self._memories.vec_channels[word : word + 1], channels, axis=0)
        return _requantise(accumulators, words, fields)

    def _fill_buffer(self, fields: Fields, outputs: npt.NDArray[np.int8]) -> None:
        rows, positions, channels = outputs.shape
        self._buffered = np.zeros((rows, self._parameters.row_buffer_bytes // 2), np.int8)
        columns = np.arange(positions)[:, None] * fields["OUT_POS_STEP"] + np.arange(channels)
        self._buffered[:, columns] = outputs

    def products(self, fields: Fields, lines: _Array) -> _Array:
        """Return sums of products of the last three columns and the weights: [rows, tiles, positions, channels]."""
        rows, tiles, positions, groups, taps = lines.shape[:5]
        weights = self._vector_weights(fields, tiles, groups, taps)
        if not fields["SLIDE"]:
            return np.einsum("rtpgklv,tgklv->rtpv", lines, weights[:, :, :, _COLUMNS - 1])
        columns = np.zeros((rows, tiles, positions + _COLUMNS - 1, *lines.shape[5:]), np.int64)
        columns[:, :, _COLUMNS - 1 :] = lines[:, :, :, 0, 0]
        return sum(
            np.einsum("rtplv,tlv->rtpv", columns[:, :, slot : slot + positions], weights[:, 0, 0, slot])
            for slot in range(_COLUMNS)
        )

    def _vector_weights(self, fields: Fields, tiles: int, groups: int, taps: int) -> _Array:
        count = tiles * groups * taps
        rows = fields["WEIGHT_ROW"] + (np.zeros(count, int) if fields["WEIGHT_HOLD"] else np.arange(count))
        stored = self._memories.vec_weight_rows[rows].view(np.int8).astype(np.int64)
        return stored.reshape(tiles, groups, taps, _COLUMNS, VECTOR_LINES, self._parameters.vec_lanes)

    def maxima(self, fields: Fields, lines: _Array) -> _Array:
        """Return maxima over the lines that count, [rows, tiles, positions, channels]."""
        counted = lines.copy()
        counted[:, :, :, -1, :, fields["LINES"] :] = -128
        return counted.max(axis=(3, 4, 5))

    def sums(self, fields: Fields, lines: _Array) -> _Array:
        """Return sums of table entries, [rows, tiles, positions, channels]."""
        table = self._memories.tables[fields["TABLE"]].astype(np.int64)
        one = table[lines[:, :, :, 0, 0, 0] & 0xFF, 0]
        if fields["USE_B"]:
            one = one + table[lines[:, :, :, 0, 0, 1] & 0xFF, 1]
        elif fields["TAPS"] == 2:
            one = one + table[lines[:, :, :, 0, 1, 0] & 0xFF, 1]
        return one

    def products_of_two(self, fields: Fields, lines: _Array) -> _Array:
        """Return products of the two operands, [rows, tiles, positions, channels]."""
        pair = lines[:, :, :, 0, 0]
        return (pair[..., 0, :] + fields["OFFSET_A"]) * (pair[..., 1, :] + fields["OFFSET_B"])


_FUNCTIONS: Mapping[Function, Callable[[_Emulation, Fields, _Array], _Array]] = {
    Function.MAC: _Emulation.products,
    Function.MAX: _Emulation.maxima,
    Function.SUM: _Emulation.sums,
    Function.MUL: _Emulation.products_of_two,
}


def _requantise(accumulators: _Array, words: npt.NDArray[np.uint32], fields: Fields) -> npt.NDArray[np.int8]:
    """Finish accumulators [..., channels] with the parameters of their channels."""
    bias, multipliers = words[:, 0].view(np.int32).astype(np.int64), words[:, 1].astype(np.int64).astype(np.int32)
    shifts = (words[:, 2] & 31).astype(np.int32) - (words[:, 2] >> 8 & 31).astype(np.int32)
    rounding = Rounding.SINGLE if fields["SINGLE_ROUNDING"] else Rounding.DOUBLE
    sums = (accumulators + bias).astype(np.int32)
    scaled = QuantizedMultiplier(multipliers, shifts, rounding)(sums)
    return np.clip(scaled.astype(np.int64) + fields["ZERO_POINT"], fields["CLAMP_MIN"], fields["CLAMP_MAX"]).astype(
        np.int8
    )
