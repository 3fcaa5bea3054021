"""One suite over every accelerator."""

from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.accelerator import (
    CheckedAccelerator,
    CpuAccelerator,
    OverlayAccelerator,
    ReferenceAccelerator,
    SharedOverlay,
)
from edge_runtime.accelerator.bus import VerilatorBus
from edge_runtime.accelerator.tflite import tflite
from edge_runtime.compiler import compile_model
from edge_runtime.errors import AcceleratorError, DataError, FitError
from edge_runtime.model import Interpreter, QuantizedHead, apply_head, find_head
from support.networks import Builder, dense_network
from support.overlays import SMALL

KINDS = {
    "overlay": lambda: OverlayAccelerator(VerilatorBus(SMALL)),
    "reference": ReferenceAccelerator,
    "cpu": CpuAccelerator,
    "checked": lambda: CheckedAccelerator(OverlayAccelerator(VerilatorBus(SMALL))),
    "shared": lambda: SharedOverlay(lambda: OverlayAccelerator(VerilatorBus(SMALL))).tenant("network", deadline_s=600),
}


@pytest.fixture(params=KINDS)
def accelerator(request):
    with KINDS[request.param]() as opened:
        yield opened


def compiled(model: bytes):
    return compile_model(model, SMALL, name="network", rounding=tflite().rounding)


@pytest.fixture(scope="module")
def program():
    return compiled(Builder((1, 20), seed=3).dense(16).dense(9).dense(5).softmax().model())


def inputs(count: int = 5):
    return np.random.default_rng(7).integers(-128, 128, (count, 1, 20)).astype(np.int8)


def some_head(seed: int = 0) -> QuantizedHead:
    random = np.random.default_rng(seed)
    return QuantizedHead(
        weights=random.integers(-127, 128, (5, 9)).astype(np.int8),
        bias=random.integers(-5000, 5000, 5).astype(np.int32),
        weight_scale=float(np.float32(random.uniform(0.005, 0.02))),
        output_scale=float(np.float32(random.uniform(1.0, 3.0))),
        output_zero_point=int(random.integers(-50, 50)),
    )


def test_outputs_are_the_references(accelerator, program):
    accelerator.load(program)
    reference = Interpreter(program.graph, program.rounding)
    for values in inputs():
        assert np.array_equal(accelerator.infer([values]).outputs[0], reference.run([values])[0])


def test_the_embedding_is_the_heads_input(accelerator, program):
    accelerator.load(program)
    site = find_head(program.graph)
    reference = Interpreter(program.graph, program.rounding)
    for values in inputs():
        embedding = accelerator.infer([values]).embedding
        assert embedding.shape == (9,)
        assert np.array_equal(embedding, reference.run_all([values])[site.embedding].reshape(-1))


def test_a_new_head_is_taken_whole(accelerator, program):
    accelerator.load(program)
    for seed in range(3):
        head = some_head(seed)
        accelerator.load_head(head)
        reference = Interpreter(apply_head(program.graph, head), program.rounding)
        for values in inputs():
            assert np.array_equal(accelerator.infer([values]).outputs[0], reference.run([values])[0])


def test_loading_again_brings_the_models_own_head_back(accelerator, program):
    accelerator.load(program)
    before = accelerator.infer([inputs()[0]]).outputs[0]
    accelerator.load_head(some_head())
    accelerator.load(program)
    assert np.array_equal(accelerator.infer([inputs()[0]]).outputs[0], before)


def test_another_program_takes_the_place_of_the_first(accelerator, program):
    accelerator.load(program)
    other = compiled(dense_network([12, 30, 3], seed=1))
    accelerator.load(other)
    values = np.arange(12, dtype=np.int8).reshape(1, 12)
    expected = Interpreter(other.graph, other.rounding).run([values])[0]
    assert np.array_equal(accelerator.infer([values]).outputs[0], expected)


def test_a_head_of_another_size_is_refused_and_the_old_one_stays(accelerator, program):
    accelerator.load(program)
    before = accelerator.infer([inputs()[0]]).outputs[0]
    head = some_head()
    wrong = QuantizedHead(head.weights[:, :4], head.bias, head.weight_scale, head.output_scale, head.output_zero_point)
    with pytest.raises(FitError):
        accelerator.load_head(wrong)
    assert np.array_equal(accelerator.infer([inputs()[0]]).outputs[0], before)


@pytest.mark.parametrize(
    "bad",
    [np.zeros((1, 19), np.int8), np.zeros((1, 20), np.int16), np.zeros(20, np.int8)],
    ids=["size", "dtype", "shape"],
)
def test_an_input_that_does_not_fit_is_named(accelerator, program, bad):
    accelerator.load(program)
    with pytest.raises(DataError, match=r"must be int8 \[1, 20\]"):
        accelerator.infer([bad])


def test_nothing_runs_before_a_program_is_there(accelerator):
    with pytest.raises(AcceleratorError, match="no program"):
        accelerator.infer([inputs()[0]])
    with pytest.raises(AcceleratorError, match="no program"):
        accelerator.load_head(some_head())


def test_closing_twice_does_nothing(accelerator):
    accelerator.close()
    accelerator.close()


def test_a_stream_gives_what_one_after_the_other_gives(accelerator, program):
    accelerator.load(program)
    alone = [accelerator.infer([values]) for values in inputs()]
    for _ in range(2):
        streamed = list(accelerator.infer_stream([values] for values in inputs()))
        assert len(streamed) == len(alone)
        for one, other in zip(alone, streamed, strict=True):
            assert np.array_equal(one.outputs[0], other.outputs[0])
            assert np.array_equal(one.embedding, other.embedding)
            assert one.cycles == other.cycles


def test_a_stream_that_is_closed_leaves_the_accelerator_as_it_was(accelerator, program):
    accelerator.load(program)
    expected = accelerator.infer([inputs()[0]]).outputs[0]
    stream = accelerator.infer_stream([values] for values in inputs())
    next(stream)
    stream.close()
    assert np.array_equal(accelerator.infer([inputs()[0]]).outputs[0], expected)
