from __future__ import annotations

import pytest


@pytest.mark.parametrize("lanes", [4, 24])
def test_edge_gather_plan(run_bench, lanes):
    run_bench("edge_gather_plan", LANES=lanes, BANK_ADDR_WIDTH=7)
