from __future__ import annotations


def test_edge_program_memory(run_bench):
    run_bench("edge_program_memory", ROW_WIDTH=3)
