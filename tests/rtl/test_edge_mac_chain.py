from __future__ import annotations

import pytest


@pytest.mark.parametrize("packed", [0, 1])
def test_edge_mac_chain(run_bench, packed):
    run_bench("edge_mac_chain", PACKED=packed)
