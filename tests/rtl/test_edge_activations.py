from __future__ import annotations

import pytest


@pytest.mark.parametrize(("size", "lanes", "write_lanes"), [(1024, 24, 8), (256, 6, 2), (128, 4, 4)])
def test_edge_activations(run_bench, size, lanes, write_lanes):
    run_bench("edge_activations", ACT_BYTES=size, LANES=lanes, WRITE_LANES=write_lanes)
