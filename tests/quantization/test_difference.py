from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.quantization.difference import compare


def test_what_changed_is_measured() -> None:
    before = np.array([[0.0, 1.0], [2.0, -4.0]], np.float32)
    after = np.array([[0.0, 0.5], [-5.0, -4.0]], np.float32)
    found = compare([before], [after])
    assert (found.samples, found.max_abs, found.largest_output) == (2, 7.0, 4.0)
    assert found.mean_abs == pytest.approx(7.5 / 4)
    assert found.argmax_agreement == 0.5


def test_nothing_changed() -> None:
    outputs = [np.ones((3, 4), np.float32), np.zeros((3, 1), np.float32)]
    found = compare(outputs, outputs)
    assert (found.max_abs, found.mean_abs, found.argmax_agreement) == (0.0, 0.0, 1.0)
