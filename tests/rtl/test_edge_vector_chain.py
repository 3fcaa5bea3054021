from __future__ import annotations

import pytest


@pytest.mark.parametrize(("lanes", "channels"), [(8, 16), (2, 4), (4, 4)])
def test_edge_vector_chain(run_bench, lanes, channels):
    run_bench("edge_vector_chain", LANES=lanes, OC_LANES=channels, ADDR_WIDTH=12)
