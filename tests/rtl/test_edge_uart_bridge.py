from __future__ import annotations


def test_edge_uart_bridge(run_bench):
    run_bench("edge_uart_bridge", CLOCK_HZ=4, BAUD=1, TIMEOUT_WIDTH=10)
