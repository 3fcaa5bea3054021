from __future__ import annotations

import pytest

SIZES = {
    "weight_rows": 128,
    "param_channels": 64,
    "descriptors": 8,
    "vec_weight_rows": 16,
    "vec_param_channels": 32,
    "table_pairs": 2,
    "row_buffer_bytes": 128,
}


@pytest.mark.parametrize(
    ("k_lanes", "oc_lanes", "requant_lanes", "packed", "vec_lanes"),
    [(12, 8, 4, 1, 4), (4, 4, 4, 0, 2)],
    ids=["packed", "plain"],
)
def test_edge_overlay(run_bench, k_lanes, oc_lanes, requant_lanes, packed, vec_lanes):
    shape = {"k_lanes": k_lanes, "oc_lanes": oc_lanes, "requant_lanes": requant_lanes, "packed": packed}
    parameters = {**shape, "vec_lanes": vec_lanes, "act_bytes": 1024, **SIZES}
    run_bench("edge_overlay", **{name.upper(): value for name, value in parameters.items()})
