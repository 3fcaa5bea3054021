"""The second operand of elementwise layers: read in the same step where it lies V bytes further, modulo the banks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from edge_runtime.compiler.engine_layer import EngineLayer, Function
from edge_runtime.compiler.parameters import OverlayParameters

__all__ = ["aligned_residues", "resolved_operands", "swapped"]

#: The host writes and reads whole words.
_WORD_BYTES = 4


def aligned_residues(
    layers: Sequence[EngineLayer], owners: Mapping[int, int], host: Collection[int], parameters: OverlayParameters
) -> dict[int, int]:
    """Return addresses modulo the banks for buffers, so that as many operands as possible can be gathered.

    Products first: they can be gathered only. Buffers that the host writes or reads, `host`, lie at whole words.
    """
    residues: dict[int, int] = {}
    step, banks = parameters.vec_lanes, parameters.act_banks
    pairs = [layer for layer in layers if layer.other is not None]
    for layer in sorted(pairs, key=lambda layer: layer.fields["FUNCTION"] != Function.MUL.value):
        assert layer.other is not None  # noqa: S101 - as chosen
        one, other = owners[layer.source], owners[layer.other]
        if other in host:
            one, other = other, one  # either may come first
        if step % _WORD_BYTES and (other in host or residues.keys() & {one, other}):
            continue
        if one in residues and other not in residues:
            residues[other] = (residues[one] + step) % banks
        elif other in residues and one not in residues:
            residues[one] = (residues[other] - step) % banks
        elif one not in residues and one != other:
            residues[one], residues[other] = 0, step
    return residues


def resolved_operands(
    layer: EngineLayer, addresses: Mapping[int, int], parameters: OverlayParameters
) -> EngineLayer | None:
    """Return a layer of two operands with the fields that say where the second one is; None where there is no way.

    Parameters
    ----------
    layer
        One with `other`.
    addresses
        By tensor.
    parameters
        The overlay's.
    """
    assert layer.other is not None  # noqa: S101 - as the docstring says
    for chosen in (layer, swapped(layer)):
        assert chosen.other is not None  # noqa: S101 - as before
        distance = (addresses[chosen.other] - addresses[chosen.source]) % parameters.act_bytes
        between = distance - parameters.vec_lanes
        if between % parameters.act_banks == 0:
            rows = between // parameters.act_banks % (parameters.act_bytes // parameters.act_banks)
            return chosen.with_fields(GATHER_ROWS=rows)
    if layer.fields["FUNCTION"] != Function.SUM.value:
        return None
    distance = (addresses[layer.other] - addresses[layer.source]) % parameters.act_bytes
    return layer.with_fields(USE_B=0, TAPS=2, TAP_STEP=distance)


def swapped(layer: EngineLayer) -> EngineLayer:
    """Return the same layer of two operands with these exchanged."""
    fields = dict(layer.fields)
    if "OFFSET_A" in fields:
        fields["OFFSET_A"], fields["OFFSET_B"] = fields["OFFSET_B"], fields["OFFSET_A"]
    tables = None if layer.tables is None else layer.tables[:, ::-1]
    exchanged = {"source": layer.other, "other": layer.source, "tables": tables, "fields": fields}
    return EngineLayer(**{**layer.__dict__, **exchanged})
