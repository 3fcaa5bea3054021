from __future__ import annotations


def test_edge_job_queue(run_bench):
    run_bench("edge_job_queue", REGION_WIDTH=24, COUNT_WIDTH=8)
