from __future__ import annotations

import hashlib
import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edge_runtime.errors import StateError
from edge_runtime.learning.state import VERSION, pack, unpack

DTYPES = ["bool", "int8", "int16", "int32", "int64", "float32", "float64"]
ARRAYS = st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0)))
PARAMETERS = st.dictionaries(
    st.text(), st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
)


def sealed(
    header: dict[str, Any] | bytes, arrays: bytes = b"", *, magic: bytes = b"EDGESTAT", version: int = VERSION
) -> bytes:
    """A state with a right checksum, whatever is in it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    body = struct.pack("<8sHI", magic, version, len(text)) + text + arrays
    return body + hashlib.sha256(body).digest()


@given(kind=st.text(), parameters=PARAMETERS, arrays=st.dictionaries(st.text(), ARRAYS, max_size=3))
def test_what_goes_in_comes_out(kind: str, parameters: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    back_kind, back_parameters, back_arrays = unpack(pack(kind, parameters, arrays))
    assert (back_kind, back_parameters) == (kind, parameters)
    assert list(back_arrays) == list(arrays)
    for name, array in arrays.items():
        assert back_arrays[name].dtype == array.dtype
        assert back_arrays[name].shape == array.shape
        assert back_arrays[name].tobytes() == array.tobytes()


def test_arrays_of_any_layout_and_byte_order() -> None:
    array = np.arange(12, dtype=">i4").reshape(3, 4)[:, ::2]
    back = unpack(pack("k", {}, {"a": array}))[2]["a"]
    np.testing.assert_array_equal(back, array)
    back[0, 0] = 7  # a copy, and writable


@given(data=st.binary(max_size=120))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(StateError):
        unpack(data)


def test_an_array_that_cannot_be_stored_is_refused() -> None:
    with pytest.raises(StateError, match="array 'x' is complex128"):
        pack("k", {}, {"x": np.zeros(2, complex)})


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (sealed({}, magic=b"OTHERMAG"), "not a saved state"),
        (sealed({}, version=VERSION + 1), f"version {VERSION + 1}"),
        (sealed(b"no json"), "header cannot be read"),
        (sealed({"kind": "k"}), "header cannot be read"),
        (sealed([1, 2]), "header cannot be read"),
        (
            sealed({"kind": "k", "parameters": {}, "arrays": [{"name": "a", "dtype": "<f4", "shape": [2]}]}),
            "header cannot",
        ),
        (sealed({"kind": "k", "parameters": {}, "arrays": [{"name": "a", "dtype": "|O", "shape": [0]}]}), "dtype"),
        (
            sealed({"kind": "k", "parameters": {}, "arrays": [{"name": "a", "dtype": "<f4", "shape": [-1]}]}),
            "header cannot",
        ),
        (sealed({"kind": "k", "parameters": {}, "arrays": []}, b"more"), "4 bytes more"),
    ],
)
def test_what_is_wrong_is_said(state: bytes, says: str) -> None:
    with pytest.raises(StateError, match=says):
        unpack(state)
