from __future__ import annotations


def test_edge_booth_row(run_bench):
    run_bench("edge_booth_row", WIDTH=5)
