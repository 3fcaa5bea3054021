"""What operators on pictures cannot be asked for: one line that names the operator and what is wrong with it."""

from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.errors import ModelError
from edge_runtime.model import GraphBuilder, OpKind, Padding, Quantization
from edge_runtime.model.graph import BlockOptions, ResizeOptions, TransposeConvOptions

BOTH = ResizeOptions(align_corners=True, half_pixel_centers=True)
OUTPUT = {"scale": 0.5, "zero_point": 3}


def numbers(*values):
    return np.array(values, np.int32)


def refused(kind, shape, constants, wanted, options=None):
    builder = GraphBuilder("refused")
    x = builder.input(shape, **OUTPUT)
    inputs = [x, *(builder.constant(data) for data in constants)]
    y = builder.operate(kind, inputs, builder.activation(wanted, **OUTPUT), options=options)
    with pytest.raises(ModelError) as caught:
        builder.graph(y)
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "wanted", "asked", "options", "message"),
    [
        (OpKind.RESIZE_BILINEAR, (1, 8, 8, 3), (8, 8), BOTH, "both align_corners and half_pixel_centers"),
        (OpKind.RESIZE_BILINEAR, (1, 8, 5000, 3), (8, 5000), ResizeOptions(), "reads beyond the picture of 4"),
        (OpKind.RESIZE_BILINEAR, (1, 8, 8, 3), (8, 9), ResizeOptions(), "asks for [8, 8]"),
        (OpKind.RESIZE_BILINEAR, (1, 8, 8, 2), (8, 8), ResizeOptions(), "it must be [1, 8, 8, 3]"),
        (OpKind.RESIZE_NEAREST_NEIGHBOR, (1, 8, 8, 3), (8,), ResizeOptions(), "asks for [8, 8]"),
        (OpKind.RESIZE_NEAREST_NEIGHBOR, (1, 8, 3), (8, 3), ResizeOptions(), "it needs 4 dimensions"),
        (OpKind.RESIZE_NEAREST_NEIGHBOR, (1, 1, 1 << 20, 3), (1, 1 << 20), ResizeOptions(), "is the most"),
    ],
)
def test_resizing(kind, wanted, asked, options, message):
    found = refused(kind, (1, 4, 4, 3), [numbers(*asked)], wanted, options)
    assert f"operator 0 ({kind.value})" in found
    assert message in found


@pytest.mark.parametrize(
    ("kind", "shape", "wanted", "size", "message"),
    [
        (OpKind.DEPTH_TO_SPACE, (1, 2, 2, 8), (1, 4, 4, 2), 0, "block size 0"),
        (OpKind.DEPTH_TO_SPACE, (1, 2, 2, 8), (1, 4, 4, 2), -2, "block size -2"),
        (OpKind.DEPTH_TO_SPACE, (1, 2, 2, 8), (1, 6, 6, 1), 3, "8 channels, which block size 3 does not divide"),
        (OpKind.SPACE_TO_DEPTH, (1, 5, 4, 1), (1, 2, 2, 4), 2, "5 x 4, which block size 2 does not divide"),
        (OpKind.SPACE_TO_DEPTH, (1, 4, 4, 1), (1, 2, 2, 2), 2, "it must be [1, 2, 2, 4]"),
    ],
)
def test_blocks(kind, shape, wanted, size, message):
    found = refused(kind, shape, [], wanted, BlockOptions(size))
    assert f"operator 0 ({kind.value})" in found
    assert message in found


@pytest.mark.parametrize(
    ("kind", "shape", "wanted", "block", "around", "message"),
    [
        (OpKind.SPACE_TO_BATCH_ND, (1, 4, 4, 1), (4, 2, 2, 1), (2,), [[0, 0], [0, 0]], "blocks of [2]"),
        (OpKind.SPACE_TO_BATCH_ND, (1, 4, 4, 1), (4, 2, 2, 1), (2, 0), [[0, 0], [0, 0]], "blocks of [2, 0]"),
        (OpKind.SPACE_TO_BATCH_ND, (1, 4, 4, 1), (4, 2, 2, 1), (2, 2), [[0, 1], [0, 0]], "[5, 4] with its padding"),
        (OpKind.SPACE_TO_BATCH_ND, (1, 4, 4, 1), (4, 2, 2, 1), (2, 2), [[-1, 1], [0, 0]], "has borders [-1, 1, 0, 0]"),
        (OpKind.BATCH_TO_SPACE_ND, (3, 2, 2, 1), (1, 4, 4, 1), (2, 2), [[0, 0], [0, 0]], "a batch of 3"),
        (OpKind.BATCH_TO_SPACE_ND, (4, 2, 2, 1), (1, 4, 4, 1), (2, 2), [[2, 2], [0, 0]], "leaves nothing"),
    ],
)
def test_batches(kind, shape, wanted, block, around, message):
    found = refused(kind, shape, [numbers(*block), np.array(around, np.int32)], wanted)
    assert f"operator 0 ({kind.value})" in found
    assert message in found


@pytest.mark.parametrize(
    ("asked", "options", "scales", "message"),
    [
        ((1, 4, 4, 2), TransposeConvOptions(0, 2), [0.1], "a stride of 0"),
        ((1, 4, 4, 2), TransposeConvOptions(2, (1 << 16) + 2), [0.1], "32767 is the most"),
        ((1, 2, 4, 2), TransposeConvOptions(2, 2, Padding.VALID), [0.1], "a window of 3 on an input of 2"),
        ((1, 4, 4, 3), TransposeConvOptions(2, 2), [0.1], "it must be [1, 4, 4, 2]"),
        ((2, 4, 4, 2), TransposeConvOptions(2, 2), [0.1], "it must be [2, 2, 2, 5]"),
        ((1, 4, 4), TransposeConvOptions(2, 2), [0.1], "it needs 4 dimensions"),
        ((1, 4, 4, 2), TransposeConvOptions(2, 2), [1e20, 1], "out of proportion"),
    ],
)
def test_transposed_convolutions(asked, options, scales, message):
    builder = GraphBuilder("refused")
    quantization = Quantization(np.array(scales, np.float32), np.zeros(len(scales), np.int64))
    weights = builder.constant(np.ones((2, 3, 3, 5), np.int8), quantization)
    inputs = [builder.constant(numbers(*asked)), weights, builder.input((1, 2, 2, 5), **OUTPUT)]
    y = builder.operate(OpKind.TRANSPOSE_CONV, inputs, builder.activation(asked, **OUTPUT), options=options)
    with pytest.raises(ModelError) as caught:
        builder.graph(y)
    assert "operator 0 (TRANSPOSE_CONV)" in str(caught.value)
    assert message in str(caught.value)


def test_prelu_of_more_factors_than_elements():
    builder = GraphBuilder("refused")
    x, alpha = builder.input((1, 1, 3), **OUTPUT), builder.int8_constant(np.ones((4, 1, 3)), scale=0.1, zero_point=0)
    y = builder.operate(OpKind.PRELU, [x, alpha], builder.activation((4, 1, 3), **OUTPUT))
    with pytest.raises(ModelError, match=r"operator 0 \(PRELU\), output: .* the input's is \[1, 1, 3\]"):
        builder.graph(y)
