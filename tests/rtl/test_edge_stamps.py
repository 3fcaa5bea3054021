from __future__ import annotations


def test_edge_stamps(run_bench):
    run_bench("edge_stamps", INDEX_WIDTH=3)
