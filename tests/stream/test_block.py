from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.errors import DataError
from edge_runtime.stream import Block, check_block


def block(t_ns: object = (1, 2, 3), samples: object = None, sequence: int = 0) -> Block:
    times = np.asarray(t_ns) if isinstance(t_ns, np.ndarray) else np.array(t_ns, dtype=np.int64)
    values = np.zeros((len(times), 2), dtype=np.float32) if samples is None else samples
    return Block(times, values, sequence)  # type: ignore[arg-type]


def test_a_good_block_passes() -> None:
    check_block(block(), channels=2)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (block(t_ns=(1, 3, 3)), r"time 2 \(3 ns\) does not come after time 1 \(3 ns\)"),
        (block(t_ns=(5, 4)), r"time 1 \(4 ns\) does not come after time 0 \(5 ns\)"),
        (block(t_ns=()), r"int64\[0\].*int64\[n\], with n at least 1"),
        (block(t_ns=np.array([1.0, 2.0])), r"float64\[2\]"),
        (block(t_ns=np.array([[1], [2]])), r"int64\[2, 1\]"),
        (block(samples=np.zeros((3, 3), np.float32)), r"float32\[3, 3\]; they must be float32\[3, 2\]"),
        (block(samples=np.zeros((2, 2), np.float32)), r"float32\[2, 2\]; they must be float32\[3, 2\]"),
        (block(samples=np.zeros((3, 2))), r"float64\[3, 2\]; they must be float32\[3, 2\]"),
        (block(sequence=-1), "must be 0 or more"),
    ],
)
def test_a_bad_block_is_refused_by_name(bad: Block, message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_block(bad, channels=2)
