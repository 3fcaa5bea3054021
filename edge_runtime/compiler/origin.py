"""Where in an overlay's memories a program's images begin."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Origin"]


@dataclass(frozen=True)
class Origin:
    """The first place of each memory that is a program's own; the names are those of `OverlayParameters`.

    Parameters
    ----------
    descriptors
        Its first descriptor.
    weight_rows, vec_weight_rows
        The first row of either unit's weights.
    param_channels, vec_param_channels
        The first channel of either unit's parameters: a multiple of the channels in a row of them.
    table_pairs
        Its first pair of tables.
    """

    descriptors: int = 0
    weight_rows: int = 0
    param_channels: int = 0
    vec_weight_rows: int = 0
    vec_param_channels: int = 0
    table_pairs: int = 0
