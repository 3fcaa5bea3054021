"""Draws what random operators are made of: shapes, scales, weights, extremes among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_runtime.model import Activation, GraphBuilder, Quantization

__all__ = ["RMS", "Maker", "affine"]

#: Of uniform int8.
RMS = 74


def affine(scale: float) -> Quantization:
    return Quantization(np.array([scale], np.float32), np.zeros(1, np.int64))


@dataclass
class Maker:
    """Draws operators into one network."""

    builder: GraphBuilder
    random: np.random.Generator

    def chance(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def integer(self, low: int, high: int) -> int:
        """Return an integer from `low` to `high`."""
        return int(self.random.integers(low, high + 1))

    def scale(self, low: float = -4, high: float = 1) -> float:
        return float(np.float32(10 ** self.random.uniform(low, high)))

    def zero_point(self) -> int:
        return self.integer(-128, 127) if self.chance(0.6) else int(self.random.choice([-128, 0, 127]))

    def activation(self) -> Activation:
        return Activation.NONE if self.chance(0.5) else list(Activation)[self.integer(0, len(Activation) - 1)]

    def shape(self, rank: int, longest: int = 6) -> list[int]:
        return [self.integer(1, longest) for _ in range(rank)]

    def input(self, shape: Sequence[int]) -> tuple[int, float]:
        scale = self.scale()
        return self.builder.input(shape, scale=scale, zero_point=self.zero_point()), scale

    def weights(self, shape: Sequence[int]) -> np.ndarray:
        kind = self.integer(0, 9)
        if kind == 0:
            return self.random.choice([-128, 127], shape)
        if kind == 1:
            return np.full(shape, -128)
        return self.random.integers(-128, 128, shape)

    def weight_scales(self, outputs: int) -> Any:
        if self.chance(0.3):
            return [self.scale()]
        scales = 10 ** self.random.uniform(-0.7, 0, outputs) * self.scale()
        if self.chance(0.2):  # shifts out of range: such a channel's multiplier is zero
            scales[self.random.random(outputs) < 0.5] *= 1e-12
        return scales.tolist()

    def bias(self, outputs: int, spread: float, *, optional: bool) -> np.ndarray | None:
        extremes = [None if optional else 0, 1, 2**30, 2**31 - 1]
        largest = spread if self.chance(0.7) else extremes[self.integer(0, 3)]
        return None if largest is None else self.random.uniform(-largest, largest, outputs).astype(np.int64)
