from __future__ import annotations

import pytest

SMALL = {"REGISTER": 10, "PROGRAM": 6, "ACT": 5, "PARAM": 6, "STAMP": 2, "WEIGHT": 9}
WHOLE = {"REGISTER": 10, "PROGRAM": 17, "ACT": 17, "PARAM": 16, "STAMP": 16, "WEIGHT": 19}


@pytest.mark.parametrize("widths", [SMALL, WHOLE], ids=["small", "whole"])
def test_edge_window_decoder(run_bench, widths):
    run_bench("edge_window_decoder", **{f"{window}_WORD_WIDTH": width for window, width in widths.items()})
