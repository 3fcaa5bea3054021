from __future__ import annotations

import pytest


@pytest.mark.parametrize(("a_width", "b_width"), [(8, 8), (10, 10), (7, 4)])
def test_edge_vector_multiplier(run_bench, a_width, b_width):
    run_bench("edge_vector_multiplier", A_WIDTH=a_width, B_WIDTH=b_width)
