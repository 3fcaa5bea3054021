from __future__ import annotations

import pytest


@pytest.mark.parametrize(("lanes", "k_lanes", "in_luts"), [(2, 4, 1), (4, 12, 0)], ids=str)
def test_edge_vector_unit(run_bench, lanes, k_lanes, in_luts):
    run_bench(
        "edge_vector_unit",
        VEC_LANES=lanes,
        K_LANES=k_lanes,
        ACT_ADDR_WIDTH=11,
        VEC_WEIGHT_ROWS=32,
        VEC_PARAM_CHANNELS=8 * lanes,
        TABLE_WORDS=1024,
        ROW_BUFFER_BYTES=256,
        INDEX_WIDTH=4,
        TABLES_IN_LUTS=in_luts,
    )
