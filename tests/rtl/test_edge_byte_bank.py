from __future__ import annotations


def test_edge_byte_bank(run_bench):
    run_bench("edge_byte_bank", ADDR_WIDTH=4)
