from __future__ import annotations


def test_edge_burst_reader(run_bench):
    run_bench("edge_burst_reader", WORD_ADDR_WIDTH=10, COUNT_WIDTH=10)
