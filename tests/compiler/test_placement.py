from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.compiler import OverlayParameters, compile_model
from edge_runtime.compiler.placement import cut, place
from edge_runtime.errors import FitError
from edge_runtime.model import GraphBuilder, OpKind
from support.networks import Builder, dense_network


def kinds(graph):
    return [(graph.operators[d.operator].kind.value, d.on_overlay) for d in place(graph)]


def test_softmax_goes_to_the_cpu_and_says_why():
    graph = Builder((1, 8)).dense(4).softmax().graph()
    assert kinds(graph) == [("FULLY_CONNECTED", True), ("SOFTMAX", False)]
    assert "before a transfer" in place(graph)[1].reason


def test_a_view_between_layers_costs_nothing_and_one_at_an_edge_goes_to_the_cpu():
    graph = Builder((2, 4)).reshape((1, 8)).dense(6).reshape((2, 3)).dense(4).reshape((8, 1)).graph()
    assert [on_overlay for _, on_overlay in kinds(graph)] == [False, True, True, True, False]


def test_a_network_is_cut_into_as_many_parts_as_it_needs():
    graph = Builder((1, 8)).dense(4).softmax().dense(5).softmax().dense(3).graph()
    assert cut(place(graph)) == ((True, (0,)), (False, (1,)), (True, (2,)), (False, (3,)), (True, (4,)))


def test_two_operands_to_be_spread_go_to_the_cpu_with_a_reason():
    builder = GraphBuilder("broadcast")
    one, other = (builder.input(shape, scale=0.5, zero_point=0) for shape in ((1, 4, 4, 1), (1, 1, 1, 8)))
    graph = builder.graph(builder.binary(OpKind.ADD, one, other, scale=1.0, zero_point=0))
    (decision,) = place(graph)
    assert not decision.on_overlay
    assert "cannot spread" in decision.reason


def test_a_constant_of_one_element_is_taken():
    builder = GraphBuilder("constant")
    one = builder.input((1, 4, 4, 8), scale=0.5, zero_point=0)
    constant = builder.int8_constant(np.array([7]), scale=0.1, zero_point=2)
    (decision,) = place(builder.graph(builder.binary(OpKind.MUL, one, constant, scale=1.0, zero_point=0)))
    assert decision.on_overlay


def test_what_does_not_fit_goes_to_the_cpu_on_request_only():
    model = dense_network([200, 100, 20, 10])
    small = OverlayParameters(weight_rows=64)
    with pytest.raises(FitError, match="weight rows"):
        compile_model(model, small, name="large")
    program = compile_model(model, small, name="large", allow_cpu=True)
    assert [part.on_overlay for part in program.parts] == [True, False]
    assert "does not fit" in program.decisions[-1].reason
