"""The cycle model: exactly the count that the RTL's CYCLES register shows after a run.

The latencies below are those of the modules under `rtl/`; a test runs both and compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge_runtime.compiler.parameters import OverlayParameters

__all__ = ["LayerShape", "layer_cycles", "run_cycles"]

_ACT_LATENCY = 5  # edge_activation_memory: address to lanes
_CHAIN_LATENCY = 7  # edge_mac_chain
_ACCUMULATOR_LATENCY = 1
_PARAM_LATENCY = 2  # edge_parameter_memory
_LANE_LATENCY = 9  # edge_requant_lane
_START_CYCLES = 7  # edge_sequencer: START to the first step, its first descriptor fetched
_BANK_CYCLES = 6  # fetching the other descriptor of a pair
_COMMIT_CYCLES = 1  # last output on its way into the memory


@dataclass(frozen=True)
class LayerShape:
    """The loop counts of one layer."""

    positions: int
    tiles: int
    passes: int
    steps: int
    banked: bool = False


def layer_cycles(layer: LayerShape, parameters: OverlayParameters) -> int:
    """Return the cycles from a layer's first step to the next layer's first step."""
    steps = layer.passes * layer.steps
    tile = max(steps, parameters.tile_cycles)
    return (layer.positions * layer.tiles - 1) * tile + steps + _fill_cycles(parameters)


def _fill_cycles(parameters: OverlayParameters) -> int:
    chains = parameters.k_lanes // 4
    tree = (chains - 1).bit_length()
    array = _ACT_LATENCY + _CHAIN_LATENCY + tree + _ACCUMULATOR_LATENCY
    return array + parameters.tile_cycles - 1 + _PARAM_LATENCY + _LANE_LATENCY


def run_cycles(layers: Sequence[LayerShape], parameters: OverlayParameters) -> int:
    """Return the cycles of one run over these layers, from START to the last output written."""
    start = _START_CYCLES + (_BANK_CYCLES if layers[0].banked else 0)
    return start + sum(layer_cycles(layer, parameters) for layer in layers) + _COMMIT_CYCLES
