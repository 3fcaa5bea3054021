from __future__ import annotations


def test_edge_vector_places(run_bench):
    run_bench("edge_vector_places", LANES=4, ADDR_WIDTH=11, PARAM_ROW_WIDTH=5, ROW_BUFFER_BYTES=256)
