from __future__ import annotations


def test_edge_loop_counter(run_bench):
    run_bench("edge_loop_counter", WIDTH=4)
