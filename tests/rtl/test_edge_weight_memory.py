from __future__ import annotations

import pytest


@pytest.mark.parametrize(("k_lanes", "oc_lanes"), [(4, 4), (12, 8), (8, 16)])
def test_edge_weight_memory(run_bench, k_lanes, oc_lanes):
    run_bench("edge_weight_memory", K_LANES=k_lanes, OC_LANES=oc_lanes, ROW_WIDTH=2)
