from __future__ import annotations

import pytest


@pytest.mark.parametrize(("lanes", "width"), [(24, 18), (4, 12)])
def test_edge_read_mask(run_bench, lanes, width):
    run_bench("edge_read_mask", LANES=lanes, OFFSET_WIDTH=width)
