from __future__ import annotations

import pytest


@pytest.mark.parametrize(("lanes", "read_lanes"), [(4, 12), (8, 4), (2, 4)])
def test_edge_row_buffer(run_bench, lanes, read_lanes):
    run_bench("edge_row_buffer", LANES=lanes, READ_LANES=read_lanes, BYTES=128)
