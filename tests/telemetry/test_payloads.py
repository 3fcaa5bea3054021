from __future__ import annotations

import json
from typing import Any

import cbor2
import numpy as np
import pytest

from edge_runtime.errors import DataError
from edge_runtime.telemetry import Letter, encode_record, make_record
from edge_runtime.telemetry.payloads import (
    NativePayloads,
    SenmlPayloads,
    SparkplugPayloads,
    Topics,
    from_senml,
    to_senml,
)

TOPICS = Topics("dev")
T_NS = 1_790_000_000_123_456_789


def prediction(number: int = 1, **fields: Any) -> dict[str, Any]:
    record = make_record(
        "prediction",
        record_id=f"p-{number}",
        t_ns=T_NS + number,
        pipeline="p",
        start_ns=T_NS,
        index=1,
        name="wild",
        outputs=np.array([-3, 7], np.int8),
        mismatches=None,
        latency_ms=0.25,
        good=True,
        **fields,
    )
    value = json.loads(encode_record(record))
    assert isinstance(value, dict)
    return value


def letter(record: dict[str, Any], *, late: bool = False) -> Letter:
    return Letter(encode_record(record)[:-1], late)


@pytest.mark.parametrize("encoding", ["json", "cbor"])
def test_native_payloads_are_the_records(encoding: Any) -> None:
    records = [prediction(1), prediction(2)]
    (message,) = NativePayloads(TOPICS, encoding).messages([letter(record) for record in records])
    assert message.topic == "edge/v1/dev/p/prediction"
    assert message.content_type == f"application/{encoding}"
    assert (json.loads if encoding == "json" else cbor2.loads)(message.payload) == records


@pytest.mark.parametrize("encoding", ["json", "cbor"])
def test_what_is_late_says_so_and_keeps_its_time(encoding: Any) -> None:
    for payloads in (NativePayloads(TOPICS, encoding), SenmlPayloads(TOPICS, encoding)):
        (message,) = payloads.messages([letter(prediction(), late=True)])
        if isinstance(payloads, SenmlPayloads):
            (got,) = from_senml(message.payload, encoding=encoding)
        else:
            (got,) = (json.loads if encoding == "json" else cbor2.loads)(message.payload)
        assert got["late"] is True
        assert got["t_ns"] == T_NS + 1


def test_a_change_of_kind_begins_a_new_message_and_order_is_kept() -> None:
    event = make_record("event", record_id="e", t_ns=3, pipeline="p")
    letters = [letter(prediction(1)), letter(event), letter(prediction(2))]
    messages = list(NativePayloads(TOPICS).messages(letters))
    assert [message.topic.rsplit("/", 1)[-1] for message in messages] == ["prediction", "event", "prediction"]


@pytest.mark.parametrize("encoding", ["json", "cbor"])
def test_senml_carries_every_field(encoding: Any) -> None:
    records = [prediction(1), prediction(2)]
    (message,) = SenmlPayloads(TOPICS, encoding).messages([letter(record) for record in records])
    assert message.content_type == f"application/senml+{encoding}"
    got = from_senml(message.payload, encoding=encoding)
    for record, found in zip(records, got, strict=True):
        outputs = [found.pop("outputs/0"), found.pop("outputs/1")]
        assert outputs == record.pop("outputs")
        assert found == {key: value for key, value in record.items() if value is not None}


def test_senml_is_what_rfc_8428_says() -> None:
    entries = to_senml(prediction(), device="dev")
    assert entries[0]["bn"] == "urn:dev:edge:dev:p:prediction:"
    assert entries[0]["bt"] == pytest.approx(T_NS / 1e9)
    for entry in entries:
        assert set(entry) <= {"bn", "bt", "n", "v", "vs", "vb"}
        assert sum(key in entry for key in ("v", "vs", "vb")) == 1
        assert all(character.isalnum() or character in "-:./_" for character in entry.get("bn", "") + entry["n"])
        assert not isinstance(entry.get("v"), bool)
    (message,) = SenmlPayloads(TOPICS, "cbor").messages([letter(prediction())])
    first = cbor2.loads(message.payload)[0]
    # RFC 8428, table 4.
    assert first[-2] == "urn:dev:edge:dev:p:prediction:"
    assert first[0] == "schema"
    assert first[2] == 1


@pytest.mark.parametrize("payload", [b"", b"{}", b"[1]", b'[{"n":"x","v":1}]', b'[{"bn":"a"}]', b"\xff"])
def test_what_is_no_pack_is_told(payload: bytes) -> None:
    with pytest.raises(DataError, match="not a SenML pack"):
        from_senml(payload)


def test_sparkplug_sessions_count() -> None:
    payloads = SparkplugPayloads(TOPICS, "plant")
    payloads.begin()
    assert payloads.will().topic == "spBv1.0/plant/NDEATH/dev"
    assert [message.topic for message in payloads.births()] == ["spBv1.0/plant/NBIRTH/dev"]
    (data,) = payloads.messages([letter(prediction())])
    assert data.topic == "spBv1.0/plant/NDATA/dev"
    # seq is the payload's last field, number 3: the birth had 0.
    assert data.payload[-2:] == b"\x18\x01"
    payloads.begin()
    assert payloads.births()[0].payload[-2:] == b"\x18\x00"


def test_pysparkplug_reads_what_the_device_sends() -> None:
    sparkplug = pytest.importorskip("pysparkplug")
    payloads = SparkplugPayloads(TOPICS, "plant")
    payloads.begin()
    list(payloads.messages([letter(prediction())]))
    payloads.begin()
    death = sparkplug.NDeath.decode(payloads.will().payload)
    birth = sparkplug.NBirth.decode(payloads.births()[0].payload)
    assert death.bd_seq_metric.value == 1
    assert birth.seq == 0
    told = {metric.name: metric for metric in birth.metrics}
    assert told["bdSeq"].value == 1
    assert told["Node Control/Rebirth"].value is False
    assert told["p/prediction/name"].value == "wild", "a birth carries what was told before"
    (message,) = payloads.messages([letter(prediction(number=-4), late=True)])
    data = sparkplug.NData.decode(message.payload, birth=birth)
    assert data.seq == 1
    metrics = {metric.name: metric for metric in data.metrics}
    assert metrics["p/prediction/latency_ms"].value == 0.25
    assert metrics["p/prediction/index"].value == 1
    assert metrics["p/prediction/outputs/0"].value == -3
    assert metrics["p/prediction/good"].value is True
    assert metrics["p/prediction/good"].timestamp == (T_NS - 4) // 1_000_000
    assert all(metric.is_historical for metric in data.metrics)
