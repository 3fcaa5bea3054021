from __future__ import annotations


def test_edge_reset(run_bench):
    run_bench("edge_reset", HOLD_WIDTH=4)
