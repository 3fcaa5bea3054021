from __future__ import annotations

import pytest

SMALL = {
    "REGISTER": 10,
    "PROGRAM": 6,
    "ACT": 5,
    "PARAM": 6,
    "STAMP": 2,
    "WEIGHT": 9,
    "TABLE": 10,
    "VEC_PARAM": 5,
    "VEC_WEIGHT": 6,
}
WHOLE = {
    "REGISTER": 10,
    "PROGRAM": 16,
    "ACT": 17,
    "PARAM": 16,
    "STAMP": 14,
    "WEIGHT": 19,
    "TABLE": 16,
    "VEC_PARAM": 16,
    "VEC_WEIGHT": 15,
}


@pytest.mark.parametrize("widths", [SMALL, WHOLE], ids=["small", "whole"])
def test_edge_window_decoder(run_bench, widths):
    run_bench("edge_window_decoder", **{f"{window}_WORD_WIDTH": width for window, width in widths.items()})
