from __future__ import annotations

import pytest


@pytest.mark.parametrize(("k_lanes", "oc_lanes", "packed"), [(4, 4, 1), (12, 8, 1), (8, 4, 0)])
def test_edge_mac_array(run_bench, k_lanes, oc_lanes, packed):
    run_bench("edge_mac_array", K_LANES=k_lanes, OC_LANES=oc_lanes, PACKED=packed, ACT_LATENCY=5)
