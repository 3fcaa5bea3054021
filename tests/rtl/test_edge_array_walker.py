from __future__ import annotations

import pytest


@pytest.mark.parametrize("tile_cycles", [1, 2, 4])
def test_edge_array_walker(run_bench, tile_cycles):
    run_bench(
        "edge_array_walker",
        K_LANES=24,
        TILE_CYCLES=tile_cycles,
        ACT_ADDR_WIDTH=12,
        WEIGHT_ROW_WIDTH=10,
        ROW_BUFFER_BYTES=128,
    )
