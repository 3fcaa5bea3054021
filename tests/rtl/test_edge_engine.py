from __future__ import annotations


def test_edge_engine(run_bench):
    run_bench(
        "edge_engine",
        K_LANES=12,
        OC_LANES=8,
        REQUANT_LANES=4,
        PACKED=1,
        ACT_BYTES=1024,
        WEIGHT_ROWS=64,
        PARAM_CHANNELS=64,
        DESCRIPTORS=8,
        VEC_LANES=4,
        VEC_WEIGHT_ROWS=16,
        VEC_PARAM_CHANNELS=32,
        TABLE_PAIRS=2,
        ROW_BUFFER_BYTES=128,
    )
