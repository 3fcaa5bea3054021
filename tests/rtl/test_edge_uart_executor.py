from __future__ import annotations


def test_edge_uart_executor(run_bench):
    run_bench("edge_uart_executor", ADDR_WIDTH=12, TIMEOUT_WIDTH=8)
