"""The service of a real daemon, asked by clients that others wrote."""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from edge_runtime.features import OnlineStore
from edge_runtime.model import Interpreter, read_tflite
from support.lines import read_records
from support.running import Running, newest_without_a_truth, post
from support.waiting import DEADLINE_S, wait_until

SHAPE = (1, 8)


def infer_body(data: list[Any], **tensor: Any) -> dict[str, Any]:
    return {"inputs": [{"name": "input", "shape": list(SHAPE), "datatype": "INT8", "data": data, **tensor}]}


@pytest.fixture(scope="module")
def names(running: Running) -> tuple[str, str]:
    about = running.get("/v2/models/vibration")
    return about["inputs"][0]["name"], about["outputs"][0]["name"]


@pytest.mark.parametrize("binary", [False, True])
def test_tritons_client_gets_the_references_outputs(running: Running, names: tuple[str, str], binary: bool) -> None:
    client_module = pytest.importorskip("tritonclient.http")
    client_exceptions = pytest.importorskip("tritonclient.utils")
    client = client_module.InferenceServerClient(f"127.0.0.1:{running.port}")
    reference = Interpreter(read_tflite((running.folder / "small.tflite").read_bytes(), "small"))
    # So that the network's own last layer serves for as long as this takes.
    assert steer(running, "hold")[0] == 200
    assert post(running, "/rollback", {"pipeline": "vibration"})[0] == 200
    try:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("vibration")
        about = client.get_model_metadata("vibration")
        assert (about["inputs"][0]["datatype"], about["inputs"][0]["shape"]) == ("INT8", [1, 8])
        (version,) = about["versions"]
        assert client.is_model_ready("vibration", version)
        assert not client.is_model_ready("vibration", "0")
        assert client.get_model_metadata("vibration", version) == about
        values = np.arange(-4, 4, dtype=np.int8).reshape(SHAPE)
        given = client_module.InferInput(names[0], list(SHAPE), "INT8")
        given.set_data_from_numpy(values, binary_data=binary)
        wanted = client_module.InferRequestedOutput(names[1], binary_data=binary)
        for model_version in ("", version):
            answer = client.infer("vibration", [given], model_version, outputs=[wanted]).as_numpy(names[1])
            assert answer.dtype == np.int8
            assert np.array_equal(answer, reference.run([values])[0])
        with pytest.raises(client_exceptions.InferenceServerException, match=f"has no version '0'; it has {version}"):
            client.infer("vibration", [given], "0")
    finally:
        client.close()
        steer(running, "release")


def test_what_is_wrong_with_a_tensor_is_told(running: Running, names: tuple[str, str]) -> None:
    def refused(body: Any) -> str:
        status, answer = post(running, "/v2/models/vibration/infer", body)
        assert status == 400
        return str(answer["error"])

    name = names[0]
    assert "values; it must have 8" in refused(infer_body([1, 2], name=name))
    assert "must be between -128 and 127" in refused(infer_body([300] * 8, name=name))
    assert "it must be INT8[1, 8]" in refused(infer_body([1] * 8, name=name, datatype="FP32"))
    assert "it must be INT8[1, 8]" in refused(infer_body([1] * 8, name=name, shape=[8]))
    assert "is unknown; the model takes" in refused(infer_body([1] * 8, name="other"))
    assert "are ints" in refused(infer_body([1.5] * 8, name=name))
    assert "output 'no' is unknown" in refused({**infer_body([1] * 8, name=name), "outputs": [{"name": "no"}]})
    assert "Invalid JSON" in refused(b"{")
    status, answer = post(running, "/v2/models/none/infer", infer_body([1] * 8))
    assert (status, answer["error"]) == (404, "there is no model 'none'; there are vibration")


def test_a_label_is_learnt_and_answered(running: Running) -> None:
    newest = newest_without_a_truth(running)
    code, answer = post(
        running, "/labels", {"labels": [{"pipeline": "vibration", "prediction": newest, "label": "wild"}]}
    )
    assert (code, answer) == (200, {"statuses": ["accepted"], "predictions": [1]})
    code, answer = post(running, "/labels", {"labels": [{"pipeline": "vibration", "prediction": 2**40, "label": 1}]})
    assert code == 200
    assert answer["statuses"][0] not in ("accepted", "queued")
    for wrong, message in (("tame", "has no class 'tame'; it has calm, wild"), (7, "has no class 7")):
        body = {"labels": [{"pipeline": "vibration", "prediction": newest, "label": wrong}]}
        code, answer = post(running, "/labels", body)
        assert code == 400
        assert message in answer["error"]


def spans(running: Running) -> list[tuple[int, int, int]]:
    """The predictions so far, with the spans of their windows."""
    records = read_records(running.folder / "records.jsonl", "prediction")
    return [(record["prediction"], record["start_ns"], record["t_ns"]) for record in records]


def test_a_label_for_a_span_of_time_is_one_for_every_window_in_it(running: Running) -> None:
    # The recording's truth may come first for the windows on both sides.
    middle = newest_without_a_truth(running)
    wait_until(lambda: spans(running)[-1][0] > middle)
    told = {number: (start, end) for number, start, end in spans(running)}
    start, end = told[middle - 1][0], told[middle + 1][1]
    label = {"pipeline": "vibration", "label": "calm", "start_ns": start, "end_ns": end, "source": "anna"}
    code, answer = post(running, "/labels", {"labels": [label]})
    assert code == 200
    assert answer == {"statuses": ["accepted"], "predictions": [3]}
    code, answer = post(running, "/labels", {"labels": [label]})
    assert answer == {"statuses": ["duplicate"], "predictions": [3]}
    code, answer = post(running, "/labels", {"labels": [{**label, "start_ns": 0, "end_ns": 1}]})
    assert answer == {"statuses": ["forgotten"], "predictions": [0]}
    code, answer = post(running, "/labels", {"labels": [{**label, "start_ns": end, "end_ns": end + 10**15}]})
    assert answer == {"statuses": ["queued"], "predictions": [0]}
    code, answer = post(running, "/labels", {"labels": [{**label, "end_ns": 0}]})
    assert (code, answer["error"][-21:]) == (404, "ends before it starts")
    assert post(running, "/labels", {"labels": [{**label, "prediction": 3}]})[0] == 400


def ask_serially(running: Running, line: bytes) -> dict[str, Any]:
    running.button.send(line + b"\n")
    answer: dict[str, Any] = json.loads(running.button.read_line())
    return answer


def test_labels_come_by_a_serial_line_too(running: Running) -> None:
    newest = newest_without_a_truth(running)
    label = {"command": "label", "pipeline": "vibration", "prediction": newest, "label": "wild", "source": "button"}
    answer = ask_serially(running, json.dumps(label).encode())
    assert answer == {"command": "label", "status": "accepted", "predictions": 1}
    assert ask_serially(running, json.dumps(label).encode())["status"] == "duplicate"
    assert "no class 'tame'" in ask_serially(running, json.dumps({**label, "label": "tame"}).encode())["error"]
    assert "a line is no JSON" in ask_serially(running, b"\xff{")["error"]
    assert "there is no command 'sing'" in ask_serially(running, b'{"command": "sing"}')["error"]
    assert ask_serially(running, b'{"command": "status"}')["device"] == "press-7"


def steer(running: Running, action: str, name: str = "") -> tuple[int, Any]:
    return post(running, "/learning", {"pipeline": "vibration", "action": action, "name": name})


def test_a_learner_is_steered(running: Running) -> None:
    assert steer(running, "hold")[0] == 200  # from now on nobody else decides
    promoted = {"pipeline": "vibration", "serving": "slda", "classes": ["calm", "wild"]}
    assert steer(running, "promote", "slda") == (200, promoted)
    assert steer(running, "shadow", "softmax")[1]["serving"] == "slda"
    assert steer(running, "roll back")[1]["serving"] == "frozen"
    assert steer(running, "release")[0] == 200
    assert "no candidate is named 'x'" in steer(running, "promote", "x")[1]["error"]
    assert "the bundle reserved no more" in steer(running, "add class", "tame")[1]["error"]
    assert steer(running, "sing")[0] == 400


def test_a_learnt_head_can_be_rolled_back(running: Running) -> None:
    running.wait_for(lambda s: s["pipelines"]["vibration"]["serving"] != "frozen")
    code, answer = post(running, "/rollback", {"pipeline": "vibration"})
    assert (code, answer) == (200, {"pipeline": "vibration", "serving": "frozen"})


def test_the_metrics_are_openmetrics(running: Running) -> None:
    running.wait_for(lambda status: status["pipelines"]["vibration"]["accuracy"] is not None)
    with urllib.request.urlopen(running.url + "/metrics", timeout=DEADLINE_S) as answer:  # noqa: S310
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        text = answer.read().decode()
    assert text.endswith("# EOF\n")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    (inferences,) = families["edge_inferences"].samples
    assert inferences.labels == {"pipeline": "vibration"}
    assert inferences.value > 0
    assert families["edge_ready"].samples[0].value == 1
    assert families["edge_link_connected"].samples[0].value == 0
    assert families["edge_outbox_depth"].samples[0].value > 0
    heads = {sample.labels["head"] for sample in families["edge_head_accuracy"].samples}
    assert {"frozen", "slda", "slda_recent", "slda_forgetting", "softmax", "served"} == heads
    learning = ("kappa", "log_loss", "calibration_error", "recall", "confusion")
    assert {f"edge_head_{name}" for name in learning} <= set(families)
    assert {"edge_label_delay_seconds", "edge_labels_asked", "edge_label_source"} <= set(families)
    assert {"edge_latency_seconds", "edge_labels", "edge_decisions", "edge_sink_records", "process_cpu_seconds"} <= set(
        families
    )


def test_the_grafana_dashboard_asks_only_for_metrics_that_there_are(running: Running) -> None:
    with urllib.request.urlopen(running.url + "/metrics", timeout=DEADLINE_S) as answer:  # noqa: S310
        text = answer.read().decode()
    there = {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
    # Nothing was dropped, so this one has no samples yet.
    there.add("edge_outbox_dropped_total")
    dashboard = json.loads((Path(__file__).resolve().parents[2] / "examples" / "grafana.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(asked) == 11
    for expression in asked:
        assert set(re.findall(r"\b(?:edge|process)_\w+", expression)) <= there, expression


def test_events_come_as_they_happen(running: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=DEADLINE_S)
    connection.request("GET", "/events")
    answer = connection.getresponse()
    assert answer.getheader("Content-Type", "").startswith("text/event-stream")
    seen: set[str] = set()
    while not {"signal", "features", "prediction", "status", "label"} <= seen:
        line = answer.readline().decode()
        if line.startswith("event: "):
            seen.add(line[7:].strip())
    connection.close()


def test_a_web_page_elsewhere_cannot_give_labels(running: Running) -> None:
    body = json.dumps({"labels": [{"pipeline": "vibration", "prediction": 1, "label": 1}]}).encode()
    assert post(running, "/labels", body, content_type="text/plain")[0] == 415
    request = urllib.request.Request(running.url + "/status", headers={"Host": "evil.example"})  # noqa: S310
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, timeout=DEADLINE_S)  # noqa: S310


def test_too_large_bodies_are_refused(running: Running) -> None:
    status, answer = post(running, "/labels", b" " * (8 * 2**20 + 1))
    assert status == 413
    assert "more than 8,388,608 bytes" in answer["error"]


def test_the_newest_features_are_told_and_lie_in_the_online_store(running: Running) -> None:
    told = running.get("/features")["features"]
    assert [(one["view"], one["key"]) for one in told] == [("v", "bearing-2")]
    assert set(told[0]["values"]) == {
        f"{kernel}.{channel}" for kernel in ("mean", "std", "min", "max") for channel in "xy"
    }
    assert running.get("/features/v")["features"][0]["end_ns"] >= told[0]["end_ns"]
    store = OnlineStore(running.folder / "online.sqlite")
    wait_until(lambda: store.latest("v", "bearing-2"))
    stored = store.latest("v", "bearing-2")
    assert stored is not None
    assert stored.value("max.x") >= stored.value("mean.x") >= stored.value("min.x")
    with pytest.raises(urllib.error.HTTPError, match="404") as caught:
        running.get("/features/w")
    assert "no features of a view 'w'" in json.load(caught.value)["error"]


def test_the_status_says_what_the_ring_takes(running: Running) -> None:
    assert 0 < running.get("/status")["pipelines"]["vibration"]["memory_bytes"] < 2**20
