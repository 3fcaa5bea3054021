from __future__ import annotations

from edge_runtime.compiler.placement import cut, place
from support.networks import Builder


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
