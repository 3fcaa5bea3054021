"""One layer as the engine takes it, not yet placed in any memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import numpy.typing as npt

__all__ = ["EngineLayer", "Function", "Unit"]


class Unit(Enum):
    """Which unit of the engine runs a layer; the values are the opcodes' names."""

    ARRAY = "ARRAY"
    VECTOR = "VECTOR"


class Function(Enum):
    """What the vector unit does with a step's lines; the values are the functions' codes."""

    MAC = 0
    MAX = 1
    SUM = 2
    MUL = 3


@dataclass(frozen=True)
class EngineLayer:
    """A layer of the program.

    Parameters
    ----------
    unit
        Which unit runs it.
    operator
        Index of the model's operator that it belongs to.
    source, other, target
        Tensors that it reads and writes: their buffers' addresses are still to be added. `other` is the second operand
        of an elementwise layer.
    fields
        Descriptor fields; addresses count from the buffers' addresses.
    cycles
        From its first step to its last one's end, alone.
    weights
        uint8[rows, row bytes], for the unit's own weight memory.
    channels
        uint32[channels, 4], for the unit's own parameter memory.
    tables
        int32[256, 2], the layer's pair of tables.
    used_lanes
        bool[steps of a tile, lanes]: which bytes that a step reads have a weight that is not zero; None for all.
    """

    unit: Unit
    operator: int
    source: int
    target: int
    fields: Mapping[str, int]
    cycles: int
    weights: npt.NDArray[np.uint8]
    channels: npt.NDArray[np.uint32]
    tables: npt.NDArray[np.int32] | None = None
    other: int | None = None
    used_lanes: npt.NDArray[np.bool_] | None = field(default=None, repr=False)

    @property
    def fused(self) -> bool:
        """Whether it hands its output to, or takes its input from, the other unit."""
        return bool(self.fields.get("FUSED", 0))

    @property
    def chained(self) -> bool:
        """Whether the array hands its outputs to the vector unit."""
        return bool(self.fields.get("CHAINED", 0))

    @property
    def beside(self) -> bool:
        """Whether it is one of two layers, the vector unit's and then the array's, that run side by side."""
        return self.fused or self.chained

    def with_fields(self, **fields: int) -> EngineLayer:
        """Return the layer with some descriptor fields changed."""
        return EngineLayer(**{**self.__dict__, "fields": {**self.fields, **fields}})
