from __future__ import annotations


def test_edge_crc32(run_bench):
    run_bench("edge_crc32")
