from __future__ import annotations

import pytest


@pytest.mark.parametrize(("a_width", "b_width"), [(8, 8), (32, 8), (7, 3)])
def test_edge_lut_product(run_bench, a_width, b_width):
    run_bench("edge_lut_product", A_WIDTH=a_width, B_WIDTH=b_width)
