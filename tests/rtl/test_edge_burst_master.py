from __future__ import annotations


def test_edge_burst_master(run_bench):
    run_bench("edge_burst_master", WORD_ADDR_WIDTH=10)
