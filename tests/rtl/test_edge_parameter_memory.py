from __future__ import annotations


def test_edge_parameter_memory(run_bench):
    run_bench("edge_parameter_memory", LANES=4, ROW_WIDTH=2)
