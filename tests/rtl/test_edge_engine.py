from __future__ import annotations


def test_edge_engine(run_bench):
    run_bench(
        "edge_engine",
        K_LANES=4,
        OC_LANES=4,
        REQUANT_LANES=2,
        PACKED=1,
        ACT_BYTES=256,
        WEIGHT_ROWS=64,
        PARAM_CHANNELS=64,
        DESCRIPTORS=8,
    )
