from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.daemon.network import Network
from edge_runtime.errors import ModelError
from edge_runtime.model import Activation, Interpreter, read_tflite
from support.networks import Builder, dense_network


def network(data: bytes, size: int, classes: tuple[str, ...] = ()) -> Network:
    return Network(read_tflite(data, "net.tflite"), size=size, classes=classes)


def test_the_head_in_real_numbers_gives_the_networks_logits() -> None:
    small = network(dense_network([8, 16, 3], seed=1), 8)
    head = small.linear_head()
    interpreter = Interpreter(small.graph)
    random = np.random.default_rng(0)
    site = small.head_site()
    scale = small.graph.tensor(site.logits).quantization
    assert scale is not None
    for _ in range(50):
        values = interpreter.run_all([random.integers(-128, 128, (1, 8)).astype(np.int8)])
        real = head.scale * (values[site.embedding].astype(np.float64) - head.zero_point)
        logits = real.reshape(-1) @ head.weights.T.astype(np.float64) + head.bias
        stored = np.clip(np.rint(logits / scale.scale) + scale.zero_point, -128, 127)
        assert np.abs(stored - values[site.logits].reshape(-1)).max() <= 1


def test_features_are_quantised_into_the_inputs_shape() -> None:
    small = network(dense_network([8, 2]), 8)
    quantised = small.quantize(np.zeros(8, np.float32))
    assert quantised.shape == (1, 8)
    assert quantised.dtype == np.int8


def test_the_largest_output_names_the_class_the_first_of_equals() -> None:
    small = network(dense_network([8, 3]), 8, ("a", "b", "c"))
    assert small.class_name(small.class_of(np.array([[1, 5, 5]], np.int8))) == "b"
    assert network(dense_network([8, 3]), 8).class_name(1) is None


def test_a_view_of_another_size_is_refused() -> None:
    with pytest.raises(ModelError, match=r"net: takes 8 values, but the view gives 9"):
        network(dense_network([8, 2]), 9)


def test_other_classes_than_outputs_are_refused() -> None:
    with pytest.raises(ModelError, match=r"has 3 outputs, but model\.classes names 2 classes"):
        network(dense_network([8, 3]), 8, ("a", "b"))


def test_a_network_without_a_head_cannot_learn() -> None:
    headless = Builder((1, 8)).dense(2, activation=Activation.RELU).model()
    with pytest.raises(ModelError, match="no fully-connected last layer that can be replaced; learning needs one"):
        network(headless, 8).linear_head()
