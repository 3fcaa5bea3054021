"""The overlays that tests simulate: few, so that few have to be built."""

from __future__ import annotations

from dataclasses import replace

from edge_runtime.compiler import OverlayParameters

__all__ = ["LEAST", "SMALL", "SMALL_ON_A_CABLE", "TINY"]

# As small as can be: for what is about the building, not the network.
LEAST = OverlayParameters(
    k_lanes=4, oc_lanes=4, requant_lanes=2, act_bytes=256, weight_rows=4, param_channels=8, descriptors=4, packed=False,
    vec_lanes=2, vec_weight_rows=4, vec_param_channels=8, table_pairs=2, row_buffer_bytes=64,
)  # fmt: skip
# As many requantisation lanes as channels, and a multiplier for each MAC.
TINY = OverlayParameters(
    k_lanes=4, oc_lanes=4, requant_lanes=4, act_bytes=2048, weight_rows=1024, param_channels=256, descriptors=16,
    packed=False, vec_lanes=2,
)  # fmt: skip
SMALL = OverlayParameters(
    k_lanes=8, oc_lanes=8, requant_lanes=4, act_bytes=4096, weight_rows=256, param_channels=256, descriptors=16,
    axi_master=True,
)  # fmt: skip
# Behind a serial cable there is no memory to reach.
SMALL_ON_A_CABLE = replace(SMALL, axi_master=False)
