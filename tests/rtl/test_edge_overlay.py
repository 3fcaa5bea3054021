from __future__ import annotations

import pytest

SIZES = {"weight_rows": 64, "param_channels": 64, "descriptors": 8}


@pytest.mark.parametrize(
    ("k_lanes", "oc_lanes", "requant_lanes", "packed"), [(12, 8, 4, 1), (4, 4, 4, 0)], ids=["packed", "plain"]
)
def test_edge_overlay(run_bench, k_lanes, oc_lanes, requant_lanes, packed):
    shape = {"k_lanes": k_lanes, "oc_lanes": oc_lanes, "requant_lanes": requant_lanes, "packed": packed}
    parameters = {**shape, "act_bytes": 256, **SIZES}
    run_bench("edge_overlay", **{name.upper(): value for name, value in parameters.items()})
