from __future__ import annotations


def test_edge_adder_tree(run_bench):
    run_bench("edge_adder_tree", wrapper="adder_trees", WIDTH=12)
