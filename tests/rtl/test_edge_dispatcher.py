from __future__ import annotations


def test_edge_dispatcher(run_bench):
    run_bench("edge_dispatcher", INDEX_WIDTH=4)
