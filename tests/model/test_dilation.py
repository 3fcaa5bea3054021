from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_runtime.errors import ModelError
from edge_runtime.model import Interpreter, OpKind, read_tflite, write_tflite
from support.random_operators import MAKERS, network_of
from support.temporal_network import temporal_network, with_open_batch

BATCHES = (OpKind.SPACE_TO_BATCH_ND, OpKind.BATCH_TO_SPACE_ND)


def chain(seed):
    return network_of(MAKERS["dilated"], seed, 1)


def kinds(graph):
    return {operator.kind for operator in graph.operators}


def run(data, values):
    return Interpreter(read_tflite(data, "made")).run([values])[0]


def test_batches_become_dilations(golden_interpreter):
    graphs = [graph for graph in map(chain, range(60)) if len(graph.operators) == 3]
    single = [graph for graph in graphs if graph.tensor(graph.inputs[0]).shape[0] == 1]
    assert len(single) > 9
    for seed, graph in enumerate(single):
        data = write_tflite(with_open_batch(graph))
        read = read_tflite(data, "made")
        assert kinds(read).isdisjoint(BATCHES)
        values = np.random.default_rng(seed).integers(-128, 128, read.tensor(read.inputs[0]).shape).astype(np.int8)
        got = run(data, values)
        np.testing.assert_array_equal(got, golden_interpreter(data)([values])[0])
        np.testing.assert_array_equal(got, Interpreter(graph).run([values])[0])
        assert read_tflite(write_tflite(read), "made") == read


def test_convolutions_over_time(golden_interpreter):
    data = temporal_network(seed=1)
    read = read_tflite(data, "temporal")
    assert kinds(read) == {OpKind.PAD, OpKind.RESHAPE, OpKind.CONV_2D}
    values = np.random.default_rng(2).integers(-128, 128, (1, 32, 8)).astype(np.int8)
    got = run(data, values)
    assert len(np.unique(got)) > 50
    np.testing.assert_array_equal(got, golden_interpreter(data)([values])[0])


@pytest.mark.parametrize("seed", range(40))
def test_every_drawn_chain_is_joined(seed):
    assert kinds(read_tflite(write_tflite(chain(seed)), "made")).isdisjoint(BATCHES)


def changed(graph, kind, **changes):
    operators = [replace(each, **changes) if each.kind is kind else each for each in graph.operators]
    return replace(graph, operators=tuple(operators))


def in_two_dimensions():
    return next(
        graph for graph in map(chain, range(99)) if OpKind.CONV_2D in kinds(graph) and len(graph.operators) == 3
    )


def test_what_somebody_else_reads_stays():
    graph = in_two_dimensions()
    between = graph.operators[1].outputs[0]
    read = read_tflite(write_tflite(replace(graph, outputs=(*graph.outputs, between))), "made")
    assert kinds(read) >= set(BATCHES)


def test_strides_stay():
    graph = in_two_dimensions()
    options = replace(graph.operators[1].options, dilation_h=2)
    with pytest.raises(ModelError, match=r"operator 1 \(CONV_2D\)"):
        read_tflite(write_tflite(changed(graph, OpKind.CONV_2D, options=options)), "made")
