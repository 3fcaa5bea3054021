from __future__ import annotations

import pytest


@pytest.mark.parametrize("multipliers", [2, 4])
def test_edge_requant_narrow_product(run_bench, multipliers):
    run_bench("edge_requant_narrow_product", MULTIPLIERS=multipliers)
