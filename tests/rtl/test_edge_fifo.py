from __future__ import annotations

import pytest


@pytest.mark.parametrize(("width", "address"), [(8, 4), (1, 1), (36, 3)])
def test_edge_fifo(run_bench, width, address):
    run_bench("edge_fifo", WIDTH=width, ADDR_WIDTH=address)
