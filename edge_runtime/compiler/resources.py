"""What an overlay takes of an FPGA, from its parameters: multipliers and block memories exactly, logic by a fit.

Multipliers and memories follow from how the RTL is written; Yosys counts the same for 7-series, give or take a block
memory. Lookup tables are a
linear fit to Yosys' counts, for choosing among overlays; `edge-runtime synth` counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.parameters import OverlayParameters

__all__ = ["Family", "Resources", "estimate_resources", "verilog_parameters"]

Family = Literal["xc7", "xcup", "ecp5"]

_WORD_BITS = 32
_PROGRAM_ROW_WORDS = 4
_PARAM_COLUMNS = 2
_TABLE_PAIR_WORDS = 512
# 18 Kb blocks: (rows, bits) that one holds, the widest first. 7-series: AMD UG473; ECP5: Lattice FPGA-TN-02204.
_BLOCK_SHAPES = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
_ARRAY_LANE_MULTIPLIERS = {"xc7": 2, "xcup": 2, "ecp5": 4}
_VECTOR_LANE_MULTIPLIERS = {"xc7": 1, "xcup": 1, "ecp5": 2}
# Fitted to synth_xilinx of 24 x 16, 16 x 8 and 8 x 8 arrays.
_LUT_BASE, _LUT_MAC, _LUT_ARRAY_LANE, _LUT_VECTOR_LANE = 3200.0, 19.0, 800.0, 1900.0

# Yosys' count of the PYNQ-Z2's overlay with its burst master less that without.
_LUT_BURST_MASTER = 800


@dataclass(frozen=True)
class Resources:
    """Multipliers, block memories of 36 Kb, and lookup tables (a fit)."""

    dsp: int
    bram36: float
    lut: int

    def over(self, budget: Resources) -> Sequence[str]:
        """Return, for each resource that exceeds the budget, a phrase with both numbers."""
        pairs = {"DSP": (self.dsp, budget.dsp), "BRAM36": (self.bram36, budget.bram36), "LUT": (self.lut, budget.lut)}
        return [f"{have:g} {name} of {most:g}" for name, (have, most) in pairs.items() if have > most]


def verilog_parameters(parameters: OverlayParameters, family: Family) -> dict[str, int]:
    """Return an overlay's parameters as the Verilog module takes them for a family.

    The vector unit's tables lie in LUTs where those have six inputs, and in block memory on the ECP5.
    """
    return {**parameters.verilog(), "TABLES_IN_LUTS": int(family != "ecp5")}


def estimate_resources(parameters: OverlayParameters, family: Family) -> Resources:
    """Return what an overlay takes.

    Parameters
    ----------
    parameters
        The overlay's.
    family
        The FPGA family, as board files name it.
    """
    macs = parameters.macs_per_cycle
    lanes = (parameters.requant_lanes, parameters.vec_lanes)
    multipliers = lanes[0] * _ARRAY_LANE_MULTIPLIERS[family] + lanes[1] * _VECTOR_LANE_MULTIPLIERS[family]
    logic = _LUT_BASE + _LUT_MAC * macs + _LUT_ARRAY_LANE * lanes[0] + _LUT_VECTOR_LANE * lanes[1]
    if parameters.axi_master:
        logic += _LUT_BURST_MASTER
    return Resources(
        dsp=(macs // 2 if parameters.packed else macs) + multipliers,
        bram36=sum(_memories(parameters, family)) / 2,
        lut=round(logic),
    )


def _memories(parameters: OverlayParameters, family: Family) -> list[int]:
    """Return the 18 Kb blocks of each memory."""
    interface = host_interface()
    rows_a_descriptor = interface.descriptor_words // _PROGRAM_ROW_WORDS
    columns = parameters.weight_row_bytes * 8 // _WORD_BITS
    param_rows = parameters.param_channels // parameters.requant_lanes
    vec_param_rows = parameters.vec_param_channels // parameters.vec_lanes
    tables = [_blocks(parameters.table_pairs * _TABLE_PAIR_WORDS, _WORD_BITS)]
    if family == "ecp5":
        tables += [2 * parameters.vec_lanes * _blocks(_TABLE_PAIR_WORDS // 2, _WORD_BITS)]
    return [
        columns * _blocks(parameters.weight_rows, _WORD_BITS),
        parameters.act_banks * _blocks(parameters.act_bytes // parameters.act_banks, 8),
        parameters.requant_lanes * _PARAM_COLUMNS * _blocks(param_rows, 36),
        parameters.vec_lanes * _PARAM_COLUMNS * _blocks(vec_param_rows, 36),
        -(-9 * parameters.vec_lanes * 8 // 36) * _blocks(parameters.vec_weight_rows, 36),
        _PROGRAM_ROW_WORDS * _blocks(parameters.descriptors * rows_a_descriptor, _WORD_BITS),
        *tables,
    ]


def _blocks(rows: int, bits: int) -> int:
    """Return the fewest 18 Kb blocks that hold a memory of this shape."""
    return min(-(-rows // depth) * -(-bits // width) for depth, width in _BLOCK_SHAPES)
