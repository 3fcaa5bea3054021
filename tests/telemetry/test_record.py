from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DataError
from edge_runtime.telemetry import SCHEMA, encode_record, make_record

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_a_record_says_its_schema_kind_id_and_time() -> None:
    record = make_record("event", record_id="a-1", t_ns=7, what="started")
    assert record == {"schema": SCHEMA, "kind": "event", "id": "a-1", "t_ns": 7, "what": "started"}


@given(JSON_VALUES)
def test_whatever_json_can_hold_comes_back_from_one_line(value: object) -> None:
    line = encode_record({"id": "a", "value": value})
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert json.loads(line) == {"id": "a", "value": value}


def test_numpy_values_are_written_as_plain_numbers() -> None:
    line = encode_record({"a": np.int8(3), "b": np.float32(0.5), "c": np.arange(3, dtype=np.int16), "d": np.bool_(1)})
    assert json.loads(line) == {"a": 3, "b": 0.5, "c": [0, 1, 2], "d": True}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32("nan"), object(), b"bytes"])
def test_what_json_cannot_hold_is_refused_by_name(value: object) -> None:
    with pytest.raises(DataError, match="record a-7 cannot be written as JSON"):
        encode_record({"id": "a-7", "value": value})
