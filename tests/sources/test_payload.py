from __future__ import annotations

import json

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DataError
from edge_runtime.sources.mqtt import wildcard_part
from edge_runtime.sources.payload import decode_payload


def test_an_object_gives_its_channels() -> None:
    got = decode_payload(b'{"y": [3, 4], "x": [1, 2], "seq": 7, "t": 1.5}', "json", ["x", "y"])
    np.testing.assert_array_equal(got.samples, [[1, 3], [2, 4]])
    assert (got.first_ns, got.sequence) == (1_500_000_000, 7)
    assert decode_payload(b'{"x": 1, "t_ns": 12}', "json", ["x"]).first_ns == 12


def test_a_missing_channel_is_nan() -> None:
    got = decode_payload(b'{"x": [1, 2]}', "json", ["x", "y"])
    np.testing.assert_array_equal(got.samples, [[1, np.nan], [2, np.nan]])


def test_message_pack_says_the_same_as_json() -> None:
    value = {"x": [1.5, 2], "y": [3, 4], "seq": 1}
    one = decode_payload(json.dumps(value).encode(), "json", ["x", "y"])
    other = decode_payload(msgpack.packb(value), "msgpack", ["x", "y"])
    np.testing.assert_array_equal(one.samples, other.samples)
    assert one.sequence == other.sequence


def test_senml_resolves_base_names_and_times() -> None:
    pack = [
        {"bn": "dev:1:", "bt": 1.7e9, "n": "x", "v": 1},
        {"n": "x", "t": 1, "v": 2},
        {"n": "y", "v": 5},
        {"n": "y", "t": 1, "v": 6},
        {"n": "name", "vs": "ignored"},
    ]
    got = decode_payload(json.dumps(pack).encode(), "senml", ["dev:1:x", "dev:1:y"])
    np.testing.assert_array_equal(got.samples, [[1, 5], [2, 6]])
    assert got.first_ns == 1_700_000_000 * 10**9


def test_raw_arrays_and_plain_values() -> None:
    samples = np.arange(6, dtype="<f4").reshape(3, 2)
    np.testing.assert_array_equal(decode_payload(samples.tobytes(), "raw", ["x", "y"]).samples, samples)
    assert decode_payload(b"21.5", "json", ["kitchen"]).samples.tolist() == [[21.5]]
    got = decode_payload(b"21.5", "json", ["kitchen", "cellar"], prefix="cellar").samples
    np.testing.assert_array_equal(got, [[np.nan, 21.5]])


def test_what_wildcards_stand_for_is_part_of_the_names() -> None:
    prefix = wildcard_part("plant/+/motor", "plant/7/motor")
    got = decode_payload(b'{"x": 1}', "json", ["7/x"], prefix=prefix)
    assert got.samples.tolist() == [[1]]
    assert wildcard_part("a/#", "a/b/c") == "b/c"


@pytest.mark.parametrize(
    ("payload", "form"),
    [
        (b"", "json"),
        (b"{", "json"),
        (b'{"z": 1}', "json"),
        (b'{"x": [1, 2], "y": [1]}', "json"),
        (b'{"x": "one"}', "json"),
        (b'{"x": []}', "json"),
        (b"\xc1", "msgpack"),
        (b"[1]", "senml"),
        (b'[{"n": "z", "v": 1}]', "senml"),
        (b"12345", "raw"),
    ],
)
def test_what_cannot_be_read_says_so(payload: bytes, form: str) -> None:
    with pytest.raises(DataError, match=r"message|SenML"):
        decode_payload(payload, form, ["x", "y"])  # type: ignore[arg-type]


@given(payload=st.binary(max_size=60), form=st.sampled_from(["json", "senml", "msgpack", "raw"]))
def test_no_bytes_do_harm(payload: bytes, form: str) -> None:
    try:
        got = decode_payload(payload, form, ["x"])  # type: ignore[arg-type]
    except DataError:
        return
    assert got.samples.dtype == np.float32
    assert got.samples.ndim == 2
