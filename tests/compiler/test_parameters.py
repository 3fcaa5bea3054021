from __future__ import annotations

import pytest

from edge_runtime.compiler import OverlayParameters
from edge_runtime.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("k_lanes", 6),
        ("k_lanes", 0),
        ("k_lanes", 132),
        ("oc_lanes", 18),
        ("requant_lanes", 3),
        ("requant_lanes", 1),
        ("requant_lanes", 32),
        ("act_bytes", 1000),
        ("act_bytes", 1 << 20),
        ("weight_rows", 0),
        ("weight_rows", 8192),
        ("param_channels", 8),
        ("descriptors", 4096),
        ("vec_lanes", 3),
        ("vec_lanes", 64),
        ("vec_weight_rows", 2048),
        ("vec_param_channels", 8),
        ("table_pairs", 0),
        ("table_pairs", 256),
        ("row_buffer_bytes", 3000),
    ],
)
def test_an_impossible_parameter_is_named_with_what_is_possible(name, value):
    with pytest.raises(ConfigError, match=rf"{name} is {value}; it must be"):
        OverlayParameters(**{name: value})


def test_the_hash_names_the_parameters():
    assert OverlayParameters().hash == OverlayParameters().hash
    assert OverlayParameters().hash != OverlayParameters(weight_rows=512).hash


def test_rows_lie_at_a_power_of_two():
    parameters = OverlayParameters(k_lanes=24, oc_lanes=16)
    assert (parameters.weight_row_bytes, parameters.weight_row_pitch) == (384, 512)
    assert parameters.act_banks == 32
    assert parameters.macs_per_cycle == 384


def test_verilog_gets_integers_by_the_modules_names():
    assert OverlayParameters(packed=False).verilog()["PACKED"] == 0
    assert OverlayParameters().verilog()["K_LANES"] == 24
