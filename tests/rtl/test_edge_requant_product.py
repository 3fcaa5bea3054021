from __future__ import annotations

import pytest


@pytest.mark.parametrize("multipliers", [1, 2])
def test_edge_requant_product(run_bench, multipliers):
    run_bench("edge_requant_product", MULTIPLIERS=multipliers)
