"""A small compiled network for the benches of whole engines, with what it should answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edge_runtime.compiler import OverlayParameters, compile_model
from edge_runtime.model import (
    Conv2DOptions,
    DepthwiseConv2DOptions,
    GraphBuilder,
    Interpreter,
    OpKind,
    Padding,
    write_tflite,
)
from rtl.clocking import parameters

__all__ = ["Image", "TinyNetwork", "words_of"]

INPUT = (1, 5, 4, 3)


def words_of(data: bytes) -> list[int]:
    """Return the 32-bit words of a block."""
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


@dataclass(frozen=True)
class Image:
    """A block of one memory window, at a byte offset in it."""

    window: str
    offset: int
    data: bytes


class TinyNetwork:
    """A convolution, a depthwise and a pointwise one side by side, an addition and a head: both units, all memories."""

    def __init__(self, *, axi_master: bool = False) -> None:
        given = {name.lower(): value for name, value in parameters().items()}
        self.overlay = OverlayParameters(**{**given, "packed": bool(given["packed"]), "axi_master": axi_master})
        self.program = compile_model(_network(), self.overlay, name="tiny")
        (self.part,) = self.program.parts
        self._random = np.random.default_rng(1)
        self._reference = Interpreter(self.program.graph)

    def images(self) -> Iterator[Image]:
        """Yield what the host writes before a run."""
        program, overlay = self.program, self.overlay
        yield Image("PROGRAM", 0, program.descriptors.tobytes())
        yield Image("PARAMETERS", 0, program.channels.tobytes())
        yield Image("VECTOR_PARAMETERS", 0, program.vec_channels.tobytes())
        yield Image("TABLES", 0, program.tables.tobytes())
        for row, content in enumerate(program.weight_rows):
            yield Image("WEIGHTS", row * overlay.weight_row_pitch, content.tobytes())
        for row, content in enumerate(program.vec_weight_rows):
            padding = bytes(-len(content) % 4)
            yield Image("VECTOR_WEIGHTS", row * overlay.vec_weight_row_pitch, content.tobytes() + padding)

    def draw(self) -> tuple[bytes, bytes]:
        """Return a random input as it lies in the activation memory, and the outputs that belong to it."""
        inputs = self._random.integers(-128, 128, INPUT).astype(np.int8)
        (outputs,) = self._reference.run([inputs])
        (place,) = self.part.inputs
        rows = np.zeros((INPUT[1], place.pitch), np.int8)
        rows[:, : INPUT[2] * INPUT[3]] = inputs.reshape(INPUT[1], -1)
        data = rows.tobytes()
        return data + bytes(-len(data) % 4), outputs.tobytes()

    @property
    def input_address(self) -> int:
        return self.part.inputs[0].address

    @property
    def output_address(self) -> int:
        (output,) = (place.address for place in self.part.outputs if place.tensor in self.program.graph.outputs)
        return output


def _network() -> bytes:
    random = np.random.default_rng(2)
    builder = GraphBuilder("tiny")

    def convolution(source: int, shape: tuple[int, ...], options: Conv2DOptions | DepthwiseConv2DOptions) -> int:
        weights = random.integers(-127, 128, shape)
        outputs = shape[3] if isinstance(options, DepthwiseConv2DOptions) else shape[0]
        bias = random.integers(-5000, 5000, outputs)
        return builder.conv_2d(source, weights, bias, options, weight_scale=0.01, scale=4.0, zero_point=-3)

    source = builder.input(INPUT, scale=0.5, zero_point=7)
    first = convolution(source, (4, 3, 3, 3), Conv2DOptions(1, 1, 1, 1, Padding.SAME))
    depthwise = convolution(first, (1, 3, 3, 4), DepthwiseConv2DOptions(1, 1, 1, 1, Padding.SAME, depth_multiplier=1))
    pointwise = convolution(depthwise, (4, 1, 1, 4), Conv2DOptions(1, 1, 1, 1, Padding.SAME))
    added = builder.binary(OpKind.ADD, pointwise, first, scale=5.0, zero_point=4)
    flat = builder.reshape(added, (1, 80))
    head = builder.fully_connected(
        flat, random.integers(-127, 128, (5, 80)), None, weight_scale=0.01, scale=20.0, zero_point=1
    )
    return write_tflite(builder.graph(head))
