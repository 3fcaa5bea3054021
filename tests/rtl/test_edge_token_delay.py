from __future__ import annotations


def test_edge_token_delay(run_bench):
    run_bench("edge_token_delay", wrapper="delays", WIDTH=3)
