from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("k_lanes", "oc_lanes", "packed", "sums_after"), [(4, 4, 1, 2), (12, 8, 1, 1), (12, 8, 1, 2), (8, 4, 0, 1)]
)
def test_edge_mac_array(run_bench, k_lanes, oc_lanes, packed, sums_after):
    run_bench("edge_mac_array", K_LANES=k_lanes, OC_LANES=oc_lanes, PACKED=packed, ACT_LATENCY=5, SUMS_AFTER=sums_after)
