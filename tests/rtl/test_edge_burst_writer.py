from __future__ import annotations


def test_edge_burst_writer(run_bench):
    run_bench("edge_burst_writer", WORD_ADDR_WIDTH=10, COUNT_WIDTH=10)
