from __future__ import annotations

from rtl.test_edge_overlay import SIZES


def test_edge_overlay_axi(run_bench):
    shape = {"k_lanes": 12, "oc_lanes": 8, "requant_lanes": 4, "packed": 1, "vec_lanes": 4, "act_bytes": 1024}
    run_bench("edge_overlay_axi", **{name.upper(): value for name, value in {**shape, **SIZES}.items()})
