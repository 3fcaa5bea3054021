from __future__ import annotations

import pytest


@pytest.mark.parametrize(("clock_hz", "baud"), [(16, 1), (4, 1), (50_000_000, 3_000_000)])
def test_edge_uart_rx(run_bench, clock_hz, baud):
    run_bench("edge_uart_rx", CLOCK_HZ=clock_hz, BAUD=baud)
