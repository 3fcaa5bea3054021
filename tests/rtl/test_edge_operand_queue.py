from __future__ import annotations

import pytest


@pytest.mark.parametrize(("channels", "lanes"), [(16, 8), (4, 4), (24, 8)])
def test_edge_operand_queue(run_bench, channels, lanes):
    run_bench("edge_operand_queue", OC_LANES=channels, LANES=lanes)
