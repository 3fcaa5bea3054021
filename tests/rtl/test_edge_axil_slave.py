from __future__ import annotations


def test_edge_axil_slave(run_bench):
    run_bench("edge_axil_slave", ADDR_WIDTH=12)
