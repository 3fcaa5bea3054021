"""Chooses an overlay for one or several networks and a budget: the one that runs them in the fewest cycles.

The search goes over the shapes of the array and of the vector unit; each memory becomes as large as the networks need,
and no larger. Cycles are the cycle model's, which are those of the RTL; what does not fit the budget is left out before
anything is compiled for it, as far as its array alone tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from edge_runtime.compiler.assemble import compile_model
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.compiler.program import Program
from edge_runtime.compiler.resources import Family, Resources, estimate_resources
from edge_runtime.errors import FitError
from edge_runtime.model.geometry import operator_macs
from edge_runtime.model.reader import read_tflite

__all__ = ["SizedOverlay", "size_overlay"]

_K_LANES = (4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 64)
_OC_LANES = (4, 8, 16, 24, 32, 48)
_REQUANT_LANES = (2, 4, 8, 16)
_VEC_LANES = (2, 4, 8, 16)
# Larger than any board's; what the networks need of it is what the overlay gets.
_LARGEST_ACT_BYTES = 1 << 19
_LEAST_ACT_BYTES = 1 << 12
_LEAST_ROW_BUFFER = 256


@dataclass(frozen=True)
class SizedOverlay:
    """The overlay that was chosen.

    Parameters
    ----------
    parameters
        Its parameters.
    resources
        What it takes.
    programs
        The networks, compiled for it, in the order given.
    candidates
        How many overlays were within the budget.
    """

    parameters: OverlayParameters
    resources: Resources
    programs: tuple[Program, ...]
    candidates: int

    @property
    def cycles(self) -> int:
        """Of all networks together, one inference each."""
        return sum(program.cycles for program in self.programs)


def size_overlay(
    models: Mapping[str, bytes], budget: Resources, family: Family, *, packed: bool, axi_master: bool = False
) -> SizedOverlay:
    """Search the overlays that fit a budget for the fastest.

    Parameters
    ----------
    models
        TFLite files by name.
    budget
        What the FPGA has, or what may be taken of it.
    family
        The FPGA family, as board files name it.
    packed
        Whether one multiplier does two MACs (25 x 18 bits or wider).
    axi_master
        Whether it has an AXI4 burst master.

    Raises
    ------
    FitError
        If no overlay that fits the budget runs the networks, with what the closest one lacks.
    ModelError
        If a network cannot be read.
    """
    best: SizedOverlay | None = None
    closest: Sequence[str] = ()
    candidates = 0
    macs = sum(_macs(name, model) for name, model in models.items())
    for shape in _shapes(budget, family, packed=packed, axi_master=axi_master):
        if best and macs // shape.macs_per_cycle > best.cycles:
            continue
        programs = _compile_all(models, _roomy(shape))
        if programs is None or (best and sum(program.cycles for program in programs) > best.cycles):
            continue
        parameters = _shrunk(shape, programs)
        resources = estimate_resources(parameters, family)
        over = resources.over(budget)
        if over:
            closest = closest or over
            continue
        fitting = _compile_all(models, parameters)
        if fitting is None:
            continue
        candidates += 1
        found = SizedOverlay(parameters, resources, tuple(fitting), candidates)
        if best is None or _rank(found) < _rank(best):
            best = found
    if best is None:
        lacks = f": the largest array that has room takes {', '.join(closest)}" if closest else ""
        raise FitError(f"no overlay within {_describe(budget)} runs {', '.join(models)}{lacks}; choose a larger board")
    return replace(best, candidates=candidates)


def _macs(name: str, model: bytes) -> int:
    graph = read_tflite(model, name)
    return sum(operator_macs(graph, operator) for operator in graph.operators)


def _rank(overlay: SizedOverlay) -> tuple[int, int, float, int]:
    """Fewest cycles first; of equals, the smallest."""
    resources = overlay.resources
    return overlay.cycles, resources.dsp, resources.bram36, resources.lut


def _describe(budget: Resources) -> str:
    return f"{budget.dsp} DSP, {budget.bram36:g} BRAM36 and {budget.lut:,} LUT"


def _shapes(budget: Resources, family: Family, *, packed: bool, axi_master: bool) -> Iterator[OverlayParameters]:
    """Yield arrays with their lanes and the smallest memories, those within the budget, the largest arrays first."""
    sizes = sorted(((k, oc) for k in _K_LANES for oc in _OC_LANES), key=lambda size: (-size[0] * size[1], size))
    for k_lanes, oc_lanes in sizes:
        for requant, vector in ((r, v) for r in _REQUANT_LANES for v in _VEC_LANES):
            if oc_lanes % requant or oc_lanes // requant > 4:
                continue
            shape = OverlayParameters(
                k_lanes=k_lanes, oc_lanes=oc_lanes, requant_lanes=requant, vec_lanes=vector, packed=packed,
                act_bytes=_LEAST_ACT_BYTES, weight_rows=2,
                param_channels=2 * requant, descriptors=4, vec_weight_rows=2, vec_param_channels=2 * vector,
                table_pairs=2, row_buffer_bytes=_LEAST_ROW_BUFFER,
                axi_master=axi_master,
            )  # fmt: skip
            if not estimate_resources(shape, family).over(budget):
                yield shape


def _roomy(shape: OverlayParameters) -> OverlayParameters:
    """Return the shape with memories that hold any network that an address window has room for."""
    return replace(
        shape,
        act_bytes=_LARGEST_ACT_BYTES,
        weight_rows=(1 << 21) // shape.weight_row_pitch,
        param_channels=1 << 14,
        descriptors=1 << 10,
        vec_weight_rows=(1 << 17) // shape.vec_weight_row_pitch,
        vec_param_channels=1 << 14,
        table_pairs=1 << 6,
        row_buffer_bytes=1 << 12,
    )


def _shrunk(shape: OverlayParameters, programs: Sequence[Program]) -> OverlayParameters:
    """Return the shape with memories that just hold these programs."""

    def most(sizes: Iterator[int], least: int) -> int:
        return max(least, _next_power_of_two(max(sizes)))

    return replace(
        shape,
        act_bytes=most((program.act_bytes for program in programs), shape.act_bytes),
        weight_rows=most((len(program.weight_rows) for program in programs), 2),
        param_channels=most((len(program.channels) for program in programs), 2 * shape.requant_lanes),
        descriptors=most((len(program.descriptors) for program in programs), 4),
        vec_weight_rows=most((len(program.vec_weight_rows) for program in programs), 2),
        vec_param_channels=most((len(program.vec_channels) for program in programs), 2 * shape.vec_lanes),
        table_pairs=most((len(program.tables.reshape(-1, 512)) for program in programs), 2),
        row_buffer_bytes=2048,
    )


def _compile_all(models: Mapping[str, bytes], parameters: OverlayParameters) -> list[Program] | None:
    """Return the networks' programs, or None where one does not fit."""
    try:
        return [compile_model(model, parameters, name=name) for name, model in models.items()]
    except FitError:
        return None


def _next_power_of_two(value: int) -> int:
    return 1 << max(value - 1, 0).bit_length()
