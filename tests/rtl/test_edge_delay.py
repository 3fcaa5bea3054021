from __future__ import annotations


def test_edge_delay(run_bench):
    run_bench("edge_delay", wrapper="delays", WIDTH=5)
