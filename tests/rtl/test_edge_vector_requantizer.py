from __future__ import annotations


def test_edge_vector_requantizer(run_bench):
    run_bench("edge_vector_requantizer", LANES=2, ADDR_WIDTH=9, PARAM_ROW_WIDTH=3, INDEX_WIDTH=4)
