from __future__ import annotations


def test_edge_fetch(run_bench):
    run_bench("edge_fetch", INDEX_WIDTH=4)
