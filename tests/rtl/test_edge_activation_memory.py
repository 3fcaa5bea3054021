from __future__ import annotations

import pytest


@pytest.mark.parametrize(("banks", "lanes", "write_lanes"), [(8, 4, 2), (16, 12, 8), (8, 8, 4)])
def test_edge_activation_memory(run_bench, banks, lanes, write_lanes):
    run_bench("edge_activation_memory", BANKS=banks, BANK_ADDR_WIDTH=4, LANES=lanes, WRITE_LANES=write_lanes)
