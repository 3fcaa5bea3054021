from __future__ import annotations

import pytest


@pytest.mark.parametrize("lanes", [2, 4, 8])
def test_edge_vector_weight_memory(run_bench, lanes):
    run_bench("edge_vector_weight_memory", LANES=lanes, ROW_WIDTH=2)
