from __future__ import annotations

import pytest


@pytest.mark.parametrize(("oc_lanes", "lanes", "sums_after"), [(8, 4, 2), (8, 8, 2), (8, 2, 1)])
def test_edge_requantizer(run_bench, oc_lanes, lanes, sums_after):
    run_bench(
        "edge_requantizer",
        OC_LANES=oc_lanes,
        LANES=lanes,
        ACT_ADDR_WIDTH=10,
        PARAM_ROW_WIDTH=5,
        SUMS_AFTER=sums_after,
    )
