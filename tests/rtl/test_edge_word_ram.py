from __future__ import annotations


def test_edge_word_ram(run_bench):
    run_bench("edge_word_ram", WIDTH=10, ADDR_WIDTH=4)
