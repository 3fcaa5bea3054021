from __future__ import annotations


def test_edge_vector_sum(run_bench):
    run_bench("edge_vector_sum")
