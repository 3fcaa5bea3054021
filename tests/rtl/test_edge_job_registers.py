from __future__ import annotations


def test_edge_job_registers(run_bench):
    run_bench("edge_job_registers", AXI_ADDR_WIDTH=40, WORD_ADDR_WIDTH=12, COUNT_WIDTH=12)
