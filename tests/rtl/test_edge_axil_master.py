from __future__ import annotations


def test_edge_axil_master(run_bench):
    run_bench("edge_axil_master", ADDR_WIDTH=12)
