from __future__ import annotations


def test_edge_frame_encoder(run_bench):
    run_bench("edge_frame_encoder")
