"""The overlay's memories while a program fills them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.descriptor import descriptor_words
from edge_runtime.compiler.engine_layer import EngineLayer, Unit
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.overflow import MemoryOverflowError
from edge_runtime.compiler.parameters import OverlayParameters

__all__ = ["Block", "Images"]


@dataclass
class Block:
    """Rows of one memory, appended one after another; what is there already is used again."""

    rows: list[npt.NDArray[np.generic]] = field(default_factory=list)
    count: int = 0
    _known: dict[bytes, int] = field(default_factory=dict)

    def add(self, rows: npt.NDArray[np.generic], *, shared: bool = True) -> int:
        """Append rows and return where the first one is; `shared` ones may be those of another layer."""
        key = rows.tobytes()
        if shared and key in self._known:
            return self._known[key]
        first = self.count
        self.rows.append(rows)
        self.count += len(rows)
        if shared:
            self._known[key] = first
        return first

    def image(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
        """Return all rows; `shape` and `dtype` are those of one."""
        return np.concatenate([np.zeros((0, *shape), dtype), *self.rows])


@dataclass
class Images:
    """All memories but the activations'; `users` is how much of each an operator was the first to use."""

    parameters: OverlayParameters
    weights: dict[Unit, Block] = field(default_factory=lambda: {unit: Block() for unit in Unit})
    channels: dict[Unit, Block] = field(default_factory=lambda: {unit: Block() for unit in Unit})
    tables: Block = field(default_factory=Block)
    descriptors: list[list[int]] = field(default_factory=list)
    users: dict[str, Counter[int]] = field(default_factory=dict)

    def charge(self, operator: int, before: Mapping[str, int]) -> None:
        """Put down to an operator what is used more than `before`."""
        for memory, used in self.uses().items():
            self.users.setdefault(memory, Counter())[operator] += used - before[memory]

    def place(self, layer: EngineLayer, *, shared: bool = True) -> dict[str, int]:
        """Take in a layer's weights, parameters and tables, and return the fields that say where they are."""
        lanes = self.param_lanes(layer.unit)
        fields = {"PARAM_ROW": self.channels[layer.unit].add(layer.channels, shared=shared) // lanes}
        if len(layer.weights):
            fields["WEIGHT_ROW"] = self.weights[layer.unit].add(layer.weights, shared=shared)
        if layer.tables is not None:
            fields["TABLE"] = self.tables.add(layer.tables[np.newaxis].astype(np.int32))
        return fields

    def param_lanes(self, unit: Unit) -> int:
        """Return the channels in a parameter row of a unit."""
        return self.parameters.requant_lanes if unit is Unit.ARRAY else self.parameters.vec_lanes

    def add_descriptor(self, fields: dict[str, int]) -> int:
        """Append a descriptor and return its index."""
        self.descriptors.append(descriptor_words(fields, self.parameters))
        return len(self.descriptors) - 1

    def uses(self) -> dict[str, int]:
        """Return how much of each memory is used, by the parameter that sizes it."""
        return {
            "weight_rows": self.weights[Unit.ARRAY].count,
            "param_channels": self.channels[Unit.ARRAY].count,
            "vec_weight_rows": self.weights[Unit.VECTOR].count,
            "vec_param_channels": self.channels[Unit.VECTOR].count,
            "table_pairs": self.tables.count,
            "descriptors": len(self.descriptors),
        }

    def check_fit(self, name: str) -> None:
        """Refuse what the memories cannot hold.

        Raises
        ------
        MemoryOverflowError
            With the numbers, and what would fit.
        """
        for memory, needed in self.uses().items():
            there = getattr(self.parameters, memory)
            if needed > there:
                raise MemoryOverflowError(
                    f"{name} needs {needed:,} {memory.replace('_', ' ')} and the overlay has {there:,}; "
                    f"an overlay with {memory} = {1 << (needed - 1).bit_length()} would fit it; "
                    "--allow-cpu lets the CPU run a part",
                    excess=needed - there,
                    users=self.users[memory],
                )

    def descriptor_image(self) -> npt.NDArray[np.uint32]:
        """Return uint32[descriptors, words]."""
        words: Sequence[Sequence[int]] = self.descriptors
        return np.array(words, np.uint32).reshape(-1, host_interface().descriptor_words)
