"""The head: found where there is one, replaced without touching anything else, and quantised without surprises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edge_runtime.errors import FitError, StateError
from edge_runtime.model import (
    Activation,
    GraphBuilder,
    Interpreter,
    QuantizedHead,
    apply_head,
    find_head,
    load_tflite,
    quantize_head,
    read_tflite,
    write_tflite,
)
from edge_runtime.model.checks import check_graph

FEATURES, CLASSES = 6, 4
random = np.random.default_rng(3)


def network(*, activation=Activation.NONE, batch=1, bias=True, after=("softmax", "dequantize"), weight_scale=0.01):
    """Two dense layers: operator 0 makes the embedding, operator 1 is the head."""
    builder = GraphBuilder("network")
    x = builder.input((batch, 3), scale=0.1, zero_point=3)
    x = builder.fully_connected(
        x, np.ones((FEATURES, 3)), None, weight_scale=0.02, scale=0.05, zero_point=-128, activation=Activation.RELU
    )
    y = builder.fully_connected(
        x,
        np.arange(CLASSES * FEATURES).reshape(CLASSES, FEATURES) - 12,
        np.arange(CLASSES) if bias else None,
        weight_scale=weight_scale,
        scale=0.2,
        zero_point=5,
        activation=activation,
    )
    for step in after:
        y = {
            "softmax": builder.softmax,
            "dequantize": builder.dequantize,
            "reshape": lambda tensor: builder.reshape(tensor, (CLASSES,)),
            "quantize": lambda tensor: builder.quantize(tensor, scale=1, zero_point=0),
        }[step](y)
    return builder.graph(y)


def head(scale: float = 0.3, **changes) -> QuantizedHead:
    made = QuantizedHead(
        random.integers(-127, 128, (CLASSES, FEATURES)).astype(np.int8),
        random.integers(-900, 900, CLASSES).astype(np.int32),
        weight_scale=0.03,
        output_scale=scale,
        output_zero_point=-9,
    )
    return replace(made, **changes)


@pytest.mark.parametrize("after", [(), ("softmax",), ("dequantize",), ("reshape", "softmax", "dequantize")])
def test_find(after):
    site = find_head(network(after=after))
    assert (site.operator, site.features, site.classes) == (1, FEATURES, CLASSES)
    graph = network(after=after)
    assert site.embedding == graph.operators[0].outputs[0]
    assert site.logits == graph.operators[1].outputs[0]


def test_no_head_where_there_is_nothing_to_replace():
    builder = GraphBuilder("softmax only")
    assert find_head(builder.graph(builder.softmax(builder.input((1, 3), scale=1, zero_point=0)))) is None


@pytest.mark.parametrize("other", [{"activation": Activation.RELU}, {"batch": 2}, {"after": ("quantize", "softmax")}])
def test_no_head_that_could_be_replaced(other):
    assert find_head(network(**other)) is None
    with pytest.raises(FitError, match="network: no head can be replaced"):
        apply_head(network(**other), head())


def test_no_head_that_leads_to_an_output():
    """The last dense layer is a side branch that nobody reads."""
    builder = GraphBuilder("branch")
    x = builder.input((1, 3), scale=0.1, zero_point=3)
    y = builder.softmax(x)
    builder.fully_connected(x, np.ones((2, 3)), None, weight_scale=0.02, scale=0.05, zero_point=0)
    assert find_head(builder.graph(y)) is None


def test_heads_of_real_models(shared_models):
    site = find_head(load_tflite(shared_models / "mlperf_ad_autoencoder.tflite"))
    assert (site.operator, site.features, site.classes) == (9, 128, 640)
    site = find_head(load_tflite(shared_models / "hello_world.tflite"))
    assert (site.operator, site.features, site.classes) == (2, 16, 1)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("after", [(), ("softmax", "dequantize"), ("reshape", "softmax")])
def test_apply(golden_interpreter, bias, after):
    graph, new = network(bias=bias, after=after), head()
    applied = apply_head(graph, new)
    weights, biases = (applied.tensor(index) for index in applied.operators[1].inputs[1:])
    assert (weights.data == new.weights).all()
    assert (biases.data == new.bias).all()
    assert biases.quantization.scale == np.float32(graph.tensor(find_head(graph).embedding).quantization.scale * 0.03)
    logits = applied.tensor(find_head(graph).logits).quantization
    assert (logits.scale, logits.zero_point) == (np.float32(0.3), -9)
    assert applied.operators[0] == graph.operators[0]
    assert read_tflite(write_tflite(applied), "network.tflite") == applied
    run, interpreter = golden_interpreter(write_tflite(applied)), Interpreter(applied)
    for _ in range(20):
        inputs = [random.integers(-128, 128, (1, 3)).astype(np.int8)]
        assert (run(inputs)[0] == interpreter.run(inputs)[0]).all()


def test_a_reshape_of_the_logits_is_quantised_like_them():
    inputs, new = [np.array([[9, -20, 60]], np.int8)], head()
    straight = Interpreter(apply_head(network(after=("softmax",)), new)).run(inputs)[0]
    reshaped = Interpreter(apply_head(network(after=("reshape", "softmax")), new)).run(inputs)[0]
    assert straight.ravel().tolist() == reshaped.tolist()


def test_apply_leaves_the_old_graph_and_the_heads_arrays_alone():
    graph, new = network(), head()
    before = write_tflite(graph)
    applied = apply_head(graph, new)
    assert write_tflite(graph) == before
    new.weights[:] = 0
    assert applied.tensor(applied.operators[1].inputs[1]).data.any()


def test_apply_replaces_a_scale_per_class():
    graph = network(weight_scale=[0.01, 0.02, 0.03, 0.04])
    applied = apply_head(graph, head())
    assert len(applied.tensors) == len(graph.tensors)
    assert applied.tensor(applied.operators[1].inputs[1]).quantization.per_tensor


def test_apply_leaves_constants_that_others_read():
    """Both layers have the same weights; only the head's change."""
    builder = GraphBuilder("tied")
    x = builder.input((1, 3), scale=0.1, zero_point=3)
    y = builder.fully_connected(x, np.eye(3), None, weight_scale=0.02, scale=0.05, zero_point=0)
    z = builder.fully_connected(y, np.eye(3), None, weight_scale=0.02, scale=0.05, zero_point=0)
    graph = builder.graph(z)
    first, last = graph.operators
    graph = replace(graph, operators=(first, replace(last, inputs=(y, first.inputs[1], -1))))
    check_graph(graph)
    new = QuantizedHead(np.full((3, 3), 9, np.int8), np.zeros(3, np.int32), 0.1, 0.1, 0)
    applied = apply_head(graph, new)
    assert (applied.tensor(first.inputs[1]).data == np.eye(3)).all()
    assert (applied.tensor(applied.operators[1].inputs[1]).data == 9).all()
    assert apply_head(applied, new) == applied


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"weights": np.zeros((5, 6), np.int8)}, r"head's weights are int8 \[5, 6\]; they must be int8 \[4, 6\]"),
        ({"weights": np.zeros((4, 6), np.int16)}, r"head's weights are int16 \[4, 6\]; they must be int8"),
        ({"bias": np.zeros(3, np.int32)}, r"head's bias are int32 \[3\]; they must be int32 \[4\]"),
        ({"bias": np.zeros(4, np.int64)}, r"head's bias are int64 \[4\]; they must be int32"),
        ({"weight_scale": 0.0}, "the head's quantisation does not fit: .* scale 0.0; it must be positive"),
        ({"weight_scale": np.nan}, "scale nan; it must be positive"),
        ({"weight_scale": 1e300}, "scale inf; it must be positive"),
        ({"output_scale": -1.0}, "scale -1.0; it must be positive"),
        ({"output_scale": 1e-20}, "out of proportion"),
        ({"output_zero_point": 128}, "zero point 128; int8 allows -128 to 127"),
    ],
)
def test_heads_that_do_not_fit(changes, match):
    with pytest.raises(FitError, match=match):
        apply_head(network(), head(**changes))


def logits(new: QuantizedHead, embeddings: np.ndarray, input_scale: float, input_zero_point: int) -> np.ndarray:
    """What the int8 head computes, as reals."""
    builder = GraphBuilder("head")
    x = builder.input((len(embeddings), new.weights.shape[1]), scale=input_scale, zero_point=input_zero_point)
    y = builder.fully_connected(
        x,
        new.weights,
        new.bias,
        weight_scale=new.weight_scale,
        scale=new.output_scale,
        zero_point=new.output_zero_point,
    )
    return Interpreter(builder.graph(builder.dequantize(y))).run([embeddings])[0]


def test_a_quantised_head_computes_what_the_float_head_does():
    weights = random.normal(0, 1, (5, 64)).astype(np.float32)
    bias = random.normal(0, 1, 5).astype(np.float32)
    embeddings = random.integers(-128, 128, (300, 64)).astype(np.int8)
    new = quantize_head(weights, bias, input_scale=0.02, input_zero_point=-128, embeddings=embeddings)
    reals = (embeddings.astype(np.float64) + 128) * np.float32(0.02) @ weights.T + bias
    got = logits(new, embeddings, 0.02, -128)
    runners_up = np.sort(reals, axis=1)[:, -2:]
    assert np.abs(got - np.maximum(reals, got.min())).max() < 0.012 * np.ptp(reals)
    assert (np.sort(got, axis=1)[:, -2:] > got.min()).all()
    assert got.min() < runners_up.min() - 3
    assert (got.argmax(axis=1) == reals.argmax(axis=1)).mean() > 0.98
    # the range is used: not more than the margin is lost
    assert (reals.max() - runners_up.min()) / new.output_scale > 0.8 * 255
    assert np.abs(new.weights).max() == 127


def test_what_rounding_adds_to_a_class_on_average_is_taken_from_its_bias():
    weights = random.normal(0, 1, (4, 64)).astype(np.float32)
    bias = np.zeros(4, np.float32)
    # embeddings of ReLUs: their mean is far from 0, so that errors of rounding add up
    embeddings = random.integers(-20, 128, (300, 64)).astype(np.int8)
    new = quantize_head(weights, bias, input_scale=0.02, input_zero_point=-128, embeddings=embeddings)
    inputs = (embeddings.astype(np.float64) + 128) * 0.02
    added = (inputs @ (new.weights * new.weight_scale - weights).T).mean(axis=0)
    step = 0.02 * new.weight_scale
    assert np.abs(added).max() > 10 * step
    assert np.abs(added + new.bias * step).max() <= step / 2 * 1.001


def test_logits_may_leave_the_range_that_was_seen_by_a_little():
    weights = np.array([[1.0], [-1.0]], np.float32)
    seen, beyond = np.array([[100], [-100]], np.int8), np.array([[104], [-104]], np.int8)
    new = quantize_head(weights, np.zeros(2, np.float32), input_scale=1, input_zero_point=0, embeddings=seen)
    np.testing.assert_allclose(logits(new, beyond, 1, 0), [[104, -104], [-104, 104]], atol=new.output_scale)


def test_without_embeddings_no_logit_can_saturate():
    weights = random.normal(0, 1, (3, 16)).astype(np.float32)
    bias = np.array([1, -2, 30], np.float32)
    none = np.zeros((0, 16), np.int8)
    new = quantize_head(weights, bias, input_scale=0.1, input_zero_point=20, embeddings=none)
    worst = np.where(np.concatenate([weights, -weights]) > 0, 127, -128).astype(np.int8)
    reals = (worst - 20.0) * 0.1 @ weights.T + bias
    assert np.abs(logits(new, worst, 0.1, 20) - reals).max() < 0.01 * np.ptp(reals)


@pytest.mark.parametrize("count", [0, 7])
def test_a_head_of_zeros(count):
    new = quantize_head(
        np.zeros((3, 5), np.float32),
        np.zeros(3, np.float32),
        input_scale=0.1,
        input_zero_point=0,
        embeddings=np.zeros((count, 5), np.int8),
    )
    assert not new.weights.any()
    assert not new.bias.any()
    assert (logits(new, np.full((1, 5), 127, np.int8), 0.1, 0) == 0).all()


def test_biases_that_dwarf_the_weights_are_not_saturated():
    new = quantize_head(
        np.full((2, 4), 1e-6, np.float32),
        np.array([1000, -500], np.float32),
        input_scale=0.01,
        input_zero_point=0,
        embeddings=np.zeros((1, 4), np.int8),
    )
    reals = new.bias * np.float64(0.01) * new.weight_scale
    np.testing.assert_allclose(reals, [1000, -500], rtol=1e-6)
    np.testing.assert_allclose(logits(new, np.zeros((1, 4), np.int8), 0.01, 0)[0], [1000, -500], rtol=0.01)


tiny_and_large = st.one_of(st.floats(-1e6, 1e6, width=32), st.floats(-(2.0**59), 2.0**59, width=32))


@settings(deadline=None)
@given(
    arrays.arrays(np.float32, (3, 4), elements=tiny_and_large),
    arrays.arrays(np.float32, 3, elements=tiny_and_large),
    arrays.arrays(np.int8, st.tuples(st.integers(0, 5), st.just(4))),
    st.floats(2.0**-20, 2.0**10, width=32),
    st.integers(-128, 127),
)
@example(  # a logit far below the others, and a scale that is the step: with a left shift it would wrap around
    np.eye(3, 4, -1, np.float32) * np.array([[0], [1], [0]], np.float32),
    np.array([0, -13263870, 0], np.float32),
    np.zeros((1, 4), np.int8),
    1.0,
    1,
)
def test_any_finite_head_gives_one_that_can_be_applied(weights, bias, embeddings, input_scale, input_zero_point):
    new = quantize_head(
        weights, bias, input_scale=input_scale, input_zero_point=input_zero_point, embeddings=embeddings
    )
    assert np.isfinite([new.weight_scale, new.output_scale]).all()
    assert np.abs(new.weights.astype(int)).max() <= 127
    assert new.weight_scale == np.float32(new.weight_scale)
    assert new.output_scale == np.float32(new.output_scale)
    builder = GraphBuilder("head")
    x = builder.input((1, 4), scale=input_scale, zero_point=input_zero_point)
    y = builder.fully_connected(x, np.zeros((3, 4)), None, weight_scale=1, scale=input_scale, zero_point=0)
    applied = apply_head(builder.graph(builder.softmax(y)), new)
    step = np.float64(np.float32(input_scale)) * new.weight_scale
    for embedding in embeddings:
        exact = ((embedding.astype(np.float64) - input_zero_point) @ new.weights.T.astype(np.float64) + new.bias) * step
        stored = Interpreter(applied).run_all([embedding[np.newaxis]])[applied.operators[0].outputs[0]]
        reals = (stored.astype(np.float64) - new.output_zero_point) * new.output_scale
        assert (np.sort(exact.ravel())[-2:] > (-128.8 - new.output_zero_point) * new.output_scale).all()
        exact = np.maximum(exact, (-128 - new.output_zero_point) * new.output_scale)
        # not half a step but three quarters: the double rounding rounds to half steps first
        assert (np.abs(reals - exact) <= 0.76 * new.output_scale).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["weights", "bias"])
def test_heads_that_are_not_finite(where, value):
    given_arrays = {"weights": np.ones((2, 3), np.float32), "bias": np.ones(2, np.float32)}
    given_arrays[where].flat[1] = value
    with pytest.raises(StateError, match="not finite; go back to its last good state"):
        quantize_head(**given_arrays, input_scale=1, input_zero_point=0, embeddings=np.zeros((1, 3), np.int8))


def test_heads_that_are_too_large():
    with pytest.raises(StateError, match="need a scale of"):
        quantize_head(
            np.full((2, 3), 3e38, np.float32),
            np.ones(2, np.float32),
            input_scale=1,
            input_zero_point=0,
            embeddings=np.zeros((1, 3), np.int8),
        )


@pytest.mark.parametrize(
    ("weights", "bias", "embeddings", "match"),
    [
        ((6,), (6,), (1, 6), "give .c, f. and .c."),
        ((2, 3), (3,), (1, 3), "give .c, f. and .c."),
        ((0, 3), (0,), (1, 3), "give .c, f. and .c."),
        ((2, 3), (2,), (1, 4), r"embeddings of int8 \[1, 4\] do not fit the head; give int8 \[n, 3\]"),
        ((2, 3), (2,), (3,), r"embeddings of int8 \[3\] do not fit the head"),
    ],
)
def test_arrays_that_do_not_belong_together(weights, bias, embeddings, match):
    with pytest.raises(FitError, match=match):
        quantize_head(
            np.zeros(weights, np.float32),
            np.zeros(bias, np.float32),
            input_scale=1,
            input_zero_point=0,
            embeddings=np.zeros(embeddings, np.int8),
        )
