from __future__ import annotations

import pytest


@pytest.mark.parametrize("wide", [0, 1])
@pytest.mark.parametrize("multipliers", [1, 2])
def test_edge_requant_lane(run_bench, multipliers, wide):
    run_bench("edge_requant_lane", MULTIPLIERS=multipliers, WIDE_MULTIPLIERS=wide)
