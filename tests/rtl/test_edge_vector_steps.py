from __future__ import annotations

import pytest


@pytest.mark.parametrize(("lanes", "channels", "requant_lanes"), [(4, 8, 4), (4, 16, 4), (4, 8, 2)], ids=str)
def test_edge_vector_steps(run_bench, lanes, channels, requant_lanes):
    run_bench(
        "edge_vector_steps",
        LANES=lanes,
        OC_LANES=channels,
        REQUANT_LANES=requant_lanes,
        ACT_ADDR_WIDTH=12,
        PLACE_WIDTH=13,
        WEIGHT_ROW_WIDTH=5,
        PARAM_ROW_WIDTH=4,
        ROW_BUFFER_BYTES=256,
    )
