"""A head trained away from the device on what it exported, pushed to it, judged by labels, and served."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import aiomqtt
import anyio
import anyio.to_thread
import numpy as np
import pytest
from typer.testing import CliRunner

from edge_runtime.bundles import load_private_key, make_keys, network_fingerprint, write_head
from edge_runtime.cli.main import app
from edge_runtime.daemon import load_device, plant
from edge_runtime.daemon.device import RunningDevice
from edge_runtime.errors import BundleError
from edge_runtime.stream import save_recording
from support import daemon, driven
from support.mosquitto import Mosquitto, free_port, mosquitto
from support.networks import dense_network
from support.waiting import DEADLINE_S

pytest.importorskip("cryptography")
parquet = pytest.importorskip("pyarrow.parquet")

NETWORK = dense_network([8, 16, 2], seed=3)
FILE = '[device]\nname = "dev"\n' + daemon.taking_bundles(pace=60.0).replace(
    "[learning]", '[learning]\nstate = "learnt"'
)
STORE = '[[sink]]\nkind = "store"\npath = "device.store"\n'
LIVE = '[service]\nport = {port}\n[[sink]]\nkind = "mqtt"\nbroker = "mqtt://127.0.0.1:{broker}"\noutbox = "outbox"\n'

Drive = Callable[[RunningDevice], Any]


def run_verb(*arguments: Any) -> dict[str, Any]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, (result.output, result.exception)
    return dict(json.loads(result.stdout))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a device has exported, and keys."""
    folder = tmp_path_factory.mktemp("fleet")
    make_keys(folder / "fleet.key", folder / "fleet.pub")
    make_keys(folder / "other.key", folder / "other.pub")
    (folder / "small.tflite").write_bytes(NETWORK)
    save_recording(daemon.recording(60), folder / "day.npz")
    (folder / "pipeline.toml").write_text(daemon.taking_bundles() + STORE)
    made = plant.build_plant(load_device(folder / "pipeline.toml"))
    anyio.run(made.run)
    run_verb("export", folder / "device.store", "-o", folder / "out", "--json")
    return folder


def arguments(folder: Path) -> tuple[Path, Path]:
    return folder / "pipeline.toml", folder / "out" / "training-small.parquet"


@pytest.fixture(scope="module")
def head(exported: Path) -> bytes:
    """A head fitted by our own verb, and signed."""
    told = run_verb(
        *("head", "fit", *arguments(exported), "--key", exported / "fleet.key", "-o", exported / "a.head"),
        *("--name", "night", "--version", 2, "--json"),
    )
    assert told["accuracy"] > told["own_accuracy"] + 0.2
    return (exported / "a.head").read_bytes()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


def play(folder: Path, exported: Path, drive: Drive, *, extra: str = "") -> list[dict[str, Any]]:
    for name in ("fleet.pub", "small.tflite"):
        (folder / name).write_bytes((exported / name).read_bytes())
    save_recording(daemon.recording(2000, seed=1), folder / "day.npz")
    (folder / "pipeline.toml").write_text(FILE + extra)
    made = plant.build_plant(load_device(folder / "pipeline.toml"))
    driven.drive(made, drive)
    return [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]


async def windows(device: RunningDevice, count: int) -> None:
    """Wait for so many windows more."""
    until = device.status()["pipelines"]["small"]["inferences"] + count
    while device.status()["pipelines"]["small"]["inferences"] < until:
        await anyio.sleep(0.01)


async def by_command_line(port: int, _: int, head: bytes, folder: Path) -> dict[str, Any]:
    (folder / "b.head").write_bytes(head)
    verb = partial(run_verb, "head", "push", folder / "b.head", "--url", f"http://127.0.0.1:{port}", "--json")
    return await anyio.to_thread.run_sync(verb)


async def by_http(port: int, _: int, head: bytes, __: Path) -> dict[str, Any]:
    def ask() -> dict[str, Any]:
        url, headers = f"http://127.0.0.1:{port}/heads", {"Content-Type": "application/octet-stream"}
        with urllib.request.urlopen(urllib.request.Request(url, head, headers), timeout=DEADLINE_S) as answer:
            return dict(json.load(answer))

    return await anyio.to_thread.run_sync(ask)


async def by_mqtt(_: int, broker: int, head: bytes, __: Path) -> dict[str, Any]:
    async with aiomqtt.Client("127.0.0.1", broker) as client:
        await client.subscribe("edge/v1/dev/reply/head", qos=1)
        await client.publish("edge/v1/dev/command/head", head, qos=1)
        async for message in client.messages:
            return dict(json.loads(message.payload))  # type: ignore[arg-type]
    raise AssertionError("no answer")


@pytest.mark.parametrize("way", [by_command_line, by_http, by_mqtt])
def test_a_better_head_is_taken_up_and_served_bit_for_bit(
    way: Any, tmp_path: Path, exported: Path, head: bytes, broker: Mosquitto
) -> None:
    port = free_port()
    told: dict[str, Any] = {}

    async def drive(device: RunningDevice) -> None:
        await driven.can_be_asked(device, port)
        with anyio.fail_after(DEADLINE_S):
            told.update(await way(port, broker.port, head, tmp_path))
            while device.status()["pipelines"]["small"]["serving"] != "pushed":
                await anyio.sleep(0.01)
            await windows(device, 60)

    records = play(tmp_path, exported, drive, extra=LIVE.format(port=port, broker=broker.port))
    assert (told["candidate"], told["pipelines"]) == ("pushed", ["small"])
    assert told["title"].startswith("night 2 (")
    heads = [record for record in records if record["kind"] == "head"]
    assert (heads[0]["decision"], heads[0]["evidence"]["pushed"]) == ("shadow", told["title"])
    promoted = next(record for record in heads if record["decision"] == "promote")
    assert promoted["head"] == "pushed"
    between = records[records.index(heads[0]) : records.index(promoted)]
    served = [record["head"] for record in between if record["kind"] == "prediction"]
    assert set(served) == {"frozen"}, "nothing serves on its word alone"
    assert promoted["evidence"]["e_value"] >= 200
    predictions = [record for record in records if record["kind"] == "prediction"]
    served = [record for record in predictions if record["head"] == "pushed"]
    assert len(served) > 50
    # By TFLite's own kernels, and each compared with the reference.
    assert {record["mismatches"] for record in predictions} == {0}
    right = {r["prediction"]: r["served_right"] for r in records if r["kind"] == "label"}
    judged = [right[record["prediction"]] for record in served if record["prediction"] in right]
    assert np.mean(judged) > 0.9


def test_a_head_by_scikit_learn_is_taken_up_too(tmp_path: Path, exported: Path) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    run_verb("head", "embed", *arguments(exported), "-o", exported / "embeddings.npz", "--json")
    with np.load(exported / "embeddings.npz") as file:
        real = (file["embeddings"].astype(np.float32) - file["zero_point"]) * file["scale"]
        fitted = linear_model.LogisticRegression(max_iter=1000).fit(real, file["labels"])
    both = (
        np.concatenate([-fitted.coef_, fitted.coef_]) / 2,
        np.concatenate([-fitted.intercept_, fitted.intercept_]) / 2,
    )
    np.savez(exported / "sk.npz", weights=both[0], bias=both[1])
    where = exported / "sk.head"
    make = ["head", "make", exported / "small.tflite", exported / "sk.npz", "--classes", "calm,wild"]
    result = CliRunner().invoke(app, [*map(str, make), "--key", str(exported / "fleet.key"), "-o", str(where)])
    assert result.exit_code == 0, result.output

    async def drive(device: RunningDevice) -> None:
        await device.push_head(where.read_bytes())
        with anyio.fail_after(DEADLINE_S):
            while device.status()["pipelines"]["small"]["serving"] != "pushed":
                await anyio.sleep(0.01)
            await windows(device, 10)

    records = play(tmp_path, exported, drive)
    assert {record["mismatches"] for record in records if record["kind"] == "prediction"} == {0}


def signed(exported: Path, *, key: str = "fleet", **changed: Any) -> bytes:
    settings = {"name": "h", "version": 1, "network": network_fingerprint(NETWORK), "classes": daemon.CLASSES}
    size = changed.pop("size", (2, 16))
    weights = np.ones(size, np.float32)
    made = {**settings, **changed}
    return write_head(weights, np.zeros(size[0], np.float32), load_private_key(exported / f"{key}.key"), **made)


def test_what_must_not_serve_is_refused_with_a_reason_and_what_runs_goes_on(
    tmp_path: Path, exported: Path, head: bytes
) -> None:
    at = head.index(b"night")
    bad = {
        "damaged, cut off": head[: len(head) // 2],
        "is not signed; sign it": head[:-64],
        "cut off, or no head at all": b"",
        "its SHA-256 does not match": head[:at] + b"light" + head[at + 5 :],
        "not signed by anybody whom this device trusts": signed(exported, key="other"),
        "the head is for the network": signed(exported, network="0" * 64),
        "has 2 rows of 15 weights; the network's last layer has 2 of 16": signed(exported, size=(2, 15)),
        "has 3 rows of 16 weights": signed(exported, size=(3, 16)),
        "classes are wild, calm; the network's are calm, wild": signed(exported, classes=("wild", "calm")),
        "4,194,304 is the most": bytes(5 * 2**20),
    }

    async def drive(device: RunningDevice) -> None:
        for reason, content in bad.items():
            with pytest.raises(BundleError) as caught:
                await device.push_head(content)
            assert reason in str(caught.value)
            assert device.bundles()["last_refusal"] == str(caught.value)
        await windows(device, 5)

    records = play(tmp_path, exported, drive)
    assert {record["head"] for record in records if record["kind"] == "prediction"} == {"frozen"}
    assert not any(record["kind"] == "head" and "pushed" in record["evidence"] for record in records)


def test_a_pushed_head_can_be_commanded_and_survives_a_restart(tmp_path: Path, exported: Path, head: bytes) -> None:
    serving: list[str] = []

    async def drive(device: RunningDevice) -> None:
        await device.push_head(head)
        serving.append((await device.steer("small", "promote", "pushed"))["serving"])

    play(tmp_path, exported, drive)

    async def look(device: RunningDevice) -> None:
        serving.append(device.status()["pipelines"]["small"]["serving"])

    play(tmp_path, exported, look)
    assert serving == ["pushed", "pushed"]


def test_the_service_refuses_with_409(tmp_path: Path, exported: Path, head: bytes) -> None:
    port = free_port()
    answers: list[tuple[int, str]] = []

    async def drive(device: RunningDevice) -> None:
        def ask() -> None:
            url, headers = f"http://127.0.0.1:{port}/heads", {"Content-Type": "application/octet-stream"}
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(urllib.request.Request(url, head[:-1], headers), timeout=DEADLINE_S)
            answers.append((caught.value.code, json.load(caught.value)["error"]))

        await driven.can_be_asked(device, port)
        await anyio.to_thread.run_sync(ask)

    play(tmp_path, exported, drive, extra=f"[service]\nport = {port}\n")
    assert answers[0][0] == 409
    assert "damaged, cut off" in answers[0][1]
