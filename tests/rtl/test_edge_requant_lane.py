from __future__ import annotations


def test_edge_requant_lane(run_bench):
    run_bench("edge_requant_lane")
