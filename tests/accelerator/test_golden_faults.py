from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.accelerator.bus import EmulatedBus
from edge_runtime.accelerator.golden_faults import golden_faults
from edge_runtime.accelerator.verify import verify_model
from edge_runtime.compiler import OverlayParameters
from edge_runtime.model import GraphBuilder, write_tflite

GOLDEN = "tflite-runtime 2.14.0 BUILTIN_REF"


def dense(shape, scales, keep=True):
    builder, random = GraphBuilder("dense"), np.random.default_rng(1)
    x = builder.input(shape, scale=0.1, zero_point=3)
    weights = random.integers(-127, 128, (4, shape[-1]))
    return builder.graph(
        builder.fully_connected(x, weights, None, weight_scale=scales, scale=1.5, zero_point=5, keep_num_dims=keep)
    )


@pytest.mark.parametrize(
    ("shape", "scales", "keep", "faulty"),
    [
        ((1, 3, 6), [0.02, 0.01, 0.03, 0.02], True, True),
        ((1, 3, 6), [0.02, 0.01, 0.03, 0.02], False, False),
        ((3, 6), [0.02, 0.01, 0.03, 0.02], True, False),
        ((1, 3, 6), [0.02], True, False),
    ],
)
def test_what_is_named_is_what_differs(golden_interpreter, shape, scales, keep, faulty):
    graph = dense(shape, scales, keep)
    named = golden_faults(graph, GOLDEN)
    assert bool(named) is faulty
    assert golden_faults(graph, "ai-edge-litert 2.3.0 BUILTIN_REF") == ()
    parameters = OverlayParameters()
    result = verify_model(write_tflite(graph), EmulatedBus(parameters), name="made", samples=4, seed=1, allow_cpu=True)
    assert result.golden == GOLDEN
    assert result.golden_faults == named
    assert (result.mismatches > 0) is faulty
    assert result.first is None


def test_the_sentence_names_operator_and_reason():
    (sentence,) = golden_faults(dense((1, 3, 6), [0.02, 0.01, 0.03, 0.02]), GOLDEN)
    assert "leaves most of the output [1, 3, 4] of operator 0 (FULLY_CONNECTED) unwritten" in sentence
    assert "a scale for each channel and more than two dimensions" in sentence
