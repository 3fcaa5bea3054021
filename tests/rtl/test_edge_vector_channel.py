from __future__ import annotations


def test_edge_vector_channel(run_bench):
    run_bench("edge_vector_channel")
