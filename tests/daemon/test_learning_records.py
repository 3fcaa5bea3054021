"""What learning tells: every head's evaluation in the store, and who was held, shadowed, promoted and taken back."""

from __future__ import annotations

import json
from pathlib import Path

from edge_runtime.daemon import load_device, plant
from edge_runtime.daemon.device import RunningDevice
from edge_runtime.store import StoreReader
from edge_runtime.store.tables import TABLES
from edge_runtime.stream import save_recording
from support import daemon, driven
from support.networks import dense_network

STORE = '[[sink]]\nkind = "store"\npath = "day.store"\n'


def test_evaluations_are_stored_and_commands_told_with_their_evidence(tmp_path: Path) -> None:
    (tmp_path / "small.tflite").write_bytes(dense_network([8, 16, 2], seed=3))
    save_recording(daemon.recording(60), tmp_path / "day.npz")
    text = daemon.PIPELINE.replace("block_size = 10", "block_size = 10\npace = 40.0")
    text = text.replace('name = "small"', 'name = "small"\nstatus_every = "1 s"')
    (tmp_path / "pipeline.toml").write_text(text.replace('label_delay = "3 s"', 'heads = ["ncm", "rls"]') + STORE)

    async def script(device: RunningDevice) -> None:
        for action, name in (("hold", ""), ("release", ""), ("promote", "rls"), ("shadow", "ncm"), ("roll back", "")):
            await device.steer("small", action, name)

    driven.drive(plant.build_plant(load_device(tmp_path / "pipeline.toml")), script, whole=True)
    records = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    commanded = [r for r in records if r["kind"] == "head" and "commanded" in r["evidence"]]
    assert [record["decision"] for record in commanded] == ["hold", "hold", "promote", "shadow", "roll back"]
    assert [record["evidence"]["commanded"] for record in commanded[:2]] == ["hold", "release"]
    assert set(commanded[0]["evidence"]["e_values"]) == {"ncm", "rls"}

    with StoreReader(tmp_path / "day.store") as store:
        rows = list(store.rows(TABLES["evaluation"]))
        assert [row["decision"] for row in store.rows(TABLES["head"]) if "commanded" in row["evidence"]] == [
            record["decision"] for record in commanded
        ]
    last = rows[-1]
    assert set(last["heads"]) == {"frozen", "ncm", "rls", "served"}
    for quality in last["heads"].values():
        assert {"accuracy", "kappa", "log_loss", "calibration_error", "recall", "confusion"} <= set(quality)
        assert quality["labels"] > 10
    assert 20 <= last["label_delay_s"] < 23, "the file's twenty seconds, and until the next window"
