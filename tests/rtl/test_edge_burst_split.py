from __future__ import annotations


def test_edge_burst_split(run_bench):
    run_bench("edge_burst_split", AXI_ADDR_WIDTH=40, COUNT_WIDTH=12)
