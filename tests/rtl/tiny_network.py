"""A small compiled network for the benches of whole engines, with what it should answer."""

from __future__ import annotations

import numpy as np

from edge_runtime.compiler import OverlayParameters, compile_model
from edge_runtime.model import Interpreter
from rtl.clocking import parameters
from support.networks import dense_network

__all__ = ["TinyNetwork"]


class TinyNetwork:
    """Two layers and a head, compiled for the overlay under test."""

    def __init__(self) -> None:
        given = {name.lower(): value for name, value in parameters().items()}
        self.overlay = OverlayParameters(**{**given, "packed": bool(given["packed"])})
        self.program = compile_model(dense_network([13, 10, 9, 5], seed=2), self.overlay, name="tiny")
        (self.part,) = self.program.parts
        self._random = np.random.default_rng(1)
        self._reference = Interpreter(self.program.graph)

    def draw(self) -> tuple[bytes, bytes]:
        """Return random inputs, padded to words, and the outputs that belong to them."""
        inputs = self._random.integers(-128, 128, (1, 13)).astype(np.int8)
        (outputs,) = self._reference.run([inputs])
        return inputs.tobytes() + bytes(3), outputs.tobytes()

    @property
    def input_address(self) -> int:
        return self.part.inputs[0].address

    @property
    def output_address(self) -> int:
        (output,) = (place.address for place in self.part.outputs if place.tensor in self.program.graph.outputs)
        return output
