from __future__ import annotations


def test_edge_vector_datapath(run_bench):
    run_bench("edge_vector_datapath", LANES=2, INDEX_WIDTH=4)
