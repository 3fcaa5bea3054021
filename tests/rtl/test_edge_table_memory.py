from __future__ import annotations


def test_edge_table_memory(run_bench):
    run_bench("edge_table_memory", WORDS=1024)
