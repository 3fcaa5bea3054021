from __future__ import annotations

import pytest


@pytest.mark.parametrize("tile_cycles", [1, 3])
def test_edge_sequencer(run_bench, tile_cycles):
    run_bench(
        "edge_sequencer",
        K_LANES=8,
        TILE_CYCLES=tile_cycles,
        ACT_ADDR_WIDTH=12,
        WEIGHT_ROW_WIDTH=10,
        PARAM_ROW_WIDTH=6,
        INDEX_WIDTH=4,
    )
