from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.compiler.pooling import round_half_away_factor
from edge_runtime.model.fixed_point import QuantizedMultiplier, Rounding
from edge_runtime.model.kernels.pooling import average

COUNTS = [*range(1, 130), 144, 169, 255, 256, 257, 1000, 1023, 1024, 4096]


@pytest.mark.parametrize("count", COUNTS)
def test_the_factor_divides_every_possible_sum_as_tflite_does(count):
    sums = np.arange(-128 * count, 127 * count + 1, dtype=np.int32)
    multiplier, shift = round_half_away_factor(count)
    assert 1 << 30 <= multiplier < 1 << 31
    divided = QuantizedMultiplier(multiplier, shift, Rounding.SINGLE)(sums)
    np.testing.assert_array_equal(divided, average(sums, count))
