from __future__ import annotations


def test_edge_activation_arbiter(run_bench):
    run_bench("edge_activation_arbiter")
