from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.compiler.memory import plan_activations
from edge_runtime.errors import FitError
from support.networks import Builder


def chain_of(sizes):
    builder = Builder((1, sizes[0]))
    for size in sizes[1:]:
        builder.dense(size)
    return builder.graph()


@given(sizes=st.lists(st.integers(1, 50), min_size=2, max_size=8), data=st.data())
def test_tensors_that_live_together_lie_apart(sizes, data):
    graph = chain_of(sizes)
    operators = range(len(graph.operators))
    activations = [graph.inputs[0], *(operator.outputs[0] for operator in graph.operators)]
    keep = data.draw(st.sets(st.sampled_from(activations))) | {activations[-1]}
    addresses = plan_activations(graph, operators, keep=keep, act_bytes=1 << 16)

    spans = {}
    for time, tensor in enumerate(activations):
        last = len(sizes) if tensor in keep else time
        spans[tensor] = (max(time - 1, 0), last, addresses[tensor], addresses[tensor] + graph.tensors[tensor].size)
    for one in activations:
        for other in activations:
            first_a, last_a, low_a, high_a = spans[one]
            first_b, last_b, low_b, high_b = spans[other]
            if one != other and first_a <= last_b and first_b <= last_a:
                assert high_a <= low_b or high_b <= low_a, (one, other)
    assert all(address % 4 == 0 for address in addresses.values())


def test_memory_is_used_again():
    graph = chain_of([64] * 10)
    addresses = plan_activations(graph, range(9), keep={graph.outputs[0]}, act_bytes=128)
    assert max(addresses.values()) == 64


def test_a_view_lies_where_its_source_lies():
    graph = Builder((1, 8)).dense(12).reshape((2, 6)).dense(3).graph()
    addresses = plan_activations(graph, range(3), keep={graph.outputs[0]}, act_bytes=1024)
    dense, view = graph.operators[0].outputs[0], graph.operators[1].outputs[0]
    assert addresses[dense] == addresses[view]


def test_what_does_not_fit_is_refused_with_numbers():
    graph = chain_of([100, 60])
    with pytest.raises(FitError, match=r"needs 160 bytes of activation memory .* has 128; .* act_bytes = 256"):
        plan_activations(graph, [0], keep={graph.outputs[0]}, act_bytes=128)
