from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import StateError
from edge_runtime.learning.events import (
    Command,
    CommandEvent,
    LabelEvent,
    ReserveEvent,
    ShiftEvent,
    event_from_bytes,
    event_to_bytes,
)


@given(source=st.text(max_size=20), prediction=st.integers(0, 2**62), seed=st.integers(0, 99))
def test_a_label_comes_back_bit_for_bit(source: str, prediction: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    event = LabelEvent(
        prediction,
        prediction + 5,
        3,
        1,
        source,
        -7,
        random.integers(-128, 128, 9).astype(np.int8),
        random.integers(0, 4, 3).astype(np.int16),
        random.random((3, 4)).astype(np.float16),
    )
    back = event_from_bytes(event_to_bytes(event))
    assert isinstance(back, LabelEvent)
    for name, value in vars(event).items():
        np.testing.assert_array_equal(getattr(back, name), value)
        assert not isinstance(value, np.ndarray) or getattr(back, name).dtype == value.dtype


@pytest.mark.parametrize(
    "event",
    [
        ShiftEvent(7, 3, home=True, distance=0.5, before=-1.25),
        *(CommandEvent(9, command, "slda") for command in Command),
        ReserveEvent(4096),
    ],
)
def test_other_events_come_back(event: ShiftEvent | CommandEvent | ReserveEvent) -> None:
    assert event_from_bytes(event_to_bytes(event)) == event


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x09abc", event_to_bytes(ReserveEvent(1))[:-1]])
def test_what_is_no_event_is_refused(data: bytes) -> None:
    with pytest.raises(StateError, match="no event"):
        event_from_bytes(data)
