from __future__ import annotations


def test_edge_registers(run_bench):
    run_bench(
        "edge_registers",
        K_LANES=12,
        OC_LANES=8,
        REQUANT_LANES=4,
        PACKED=1,
        ACT_BYTES=4096,
        WEIGHT_ROWS=64,
        PARAM_CHANNELS=128,
        DESCRIPTORS=16,
        VEC_LANES=4,
        VEC_WEIGHT_ROWS=32,
        VEC_PARAM_CHANNELS=64,
        TABLE_PAIRS=2,
        ROW_BUFFER_BYTES=256,
    )
