from __future__ import annotations


def test_edge_accumulator(run_bench):
    run_bench("edge_accumulator", STEP_WIDTH=23)
