from __future__ import annotations


def test_edge_window_bus(run_bench):
    run_bench("edge_window_bus")
