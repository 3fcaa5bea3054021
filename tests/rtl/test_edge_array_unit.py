from __future__ import annotations


def test_edge_array_unit(run_bench):
    run_bench(
        "edge_array_unit",
        K_LANES=8,
        OC_LANES=8,
        REQUANT_LANES=4,
        PACKED=1,
        WEIGHT_ROWS=64,
        PARAM_CHANNELS=32,
        ROW_BUFFER_BYTES=128,
        ACT_ADDR_WIDTH=12,
        INDEX_WIDTH=4,
    )
