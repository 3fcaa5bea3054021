from __future__ import annotations

import pytest


@pytest.mark.parametrize("in_luts", [0, 1])
def test_edge_vector_table(run_bench, in_luts):
    run_bench("edge_vector_table", IN_LUTS=in_luts)
