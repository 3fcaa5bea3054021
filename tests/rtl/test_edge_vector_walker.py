from __future__ import annotations


def test_edge_vector_walker(run_bench):
    run_bench("edge_vector_walker", ACT_ADDR_WIDTH=12, WEIGHT_ROW_WIDTH=8)
