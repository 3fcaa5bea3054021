from __future__ import annotations


def test_edge_uart_requests(run_bench):
    run_bench("edge_uart_requests")
