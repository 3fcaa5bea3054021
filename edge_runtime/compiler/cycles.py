"""The latencies of the RTL, each named for the module that it comes from; a test holds the sums against the RTL."""

from __future__ import annotations

from edge_runtime.compiler.parameters import OverlayParameters

__all__ = [
    "BANK_CYCLES",
    "BUFFER_FILL_CYCLES",
    "BUFFER_RELEASE_CYCLES",
    "COMMIT_CYCLES",
    "DISPATCH_CYCLES",
    "FETCH_CYCLES",
    "QUEUE_GAP_CYCLES",
    "READ_AFTER_WRITE_CYCLES",
    "READ_GAP_CYCLES",
    "READ_LATENCY",
    "START_CYCLES",
    "TABLE_CYCLES",
    "TABLE_GAP_CYCLES",
    "VECTOR_GAP_CYCLES",
    "VECTOR_WRITE_CYCLES",
    "array_write_cycles",
    "chain_write_cycles",
]

#: edge_activation_memory: from a step's request to its masked lanes.
READ_LATENCY = 7
#: edge_dispatcher: from START to the first step, its descriptor fetched.
START_CYCLES = 10
#: edge_fetch: the other descriptor of a pair.
BANK_CYCLES = 8
#: edge_dispatcher: from a layer's last step to the first one of a layer whose WAIT is 0.
DISPATCH_CYCLES = 3
#: edge_fetch: from the first step of a layer to that of the next one, whose descriptor has to be fetched.
FETCH_CYCLES = 9
#: edge_activations: from a layer's last step to the next one's first, so that what holds for the layer's reads holds.
READ_GAP_CYCLES = READ_LATENCY
#: edge_vector_unit: the same from one layer of the unit to the next.
VECTOR_GAP_CYCLES = READ_LATENCY + 1
#: edge_requantizer: from a layer's last write to the first step of the array's layer after the next one.
QUEUE_GAP_CYCLES = 2
#: edge_activation_memory: from the cycle of a write to the earliest step that may read the byte. A write is in the
#: memory two cycles later, and a step looks there three cycles after it was issued.
READ_AFTER_WRITE_CYCLES = -1
#: edge_vector_unit: the lanes' own tables are loaded, from the cycle in which that could begin.
TABLE_CYCLES = 256
#: edge_vector_unit: from its last step to the first one of a layer whose tables are loaded then, less TABLE_CYCLES.
TABLE_GAP_CYCLES = 8
#: edge_vector_unit: from a step to the write of its output.
VECTOR_WRITE_CYCLES = 23
#: edge_vector_unit: from the last step of a row to the array's first one that may read the row.
BUFFER_FILL_CYCLES = 20
#: edge_vector_unit: from the array's last step of a row to the first one that may fill the half again.
BUFFER_RELEASE_CYCLES = 1
#: From the last write to the end of the run.
COMMIT_CYCLES = 2

_CHAIN_LATENCY = 7  # edge_mac_chain
_CHAIN_LANES = 4
_ACCUMULATOR_LATENCY = 1
_AT_ONCE = 2  # edge_array_unit: phases among which a tile's sums are chosen without a cycle of their own
_LANE_LATENCY = 9  # edge_requant_lane


def array_write_cycles(parameters: OverlayParameters) -> int:
    """Return the cycles from a tile's last step to the write of its first channels."""
    chains = parameters.k_lanes // _CHAIN_LANES
    tree = (chains - 1).bit_length()
    choice = int(parameters.oc_lanes > _AT_ONCE * parameters.requant_lanes)
    return READ_LATENCY + _CHAIN_LATENCY + tree + _ACCUMULATOR_LATENCY + choice + _LANE_LATENCY


def chain_write_cycles(parameters: OverlayParameters) -> int:
    """Return the cycles from a tile's last step to the write of its first channels by the vector unit (chained)."""
    return array_write_cycles(parameters) - READ_LATENCY + VECTOR_WRITE_CYCLES
