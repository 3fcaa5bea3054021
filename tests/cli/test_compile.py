from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_runtime.compiler import Program
from support.networks import Builder, dense_network


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "net.tflite"
    path.write_bytes(dense_network([24, 32, 4]))
    return path


def test_json_has_the_fields_that_the_design_names(cli: Any, model: Path) -> None:
    report = cli("compile", model, "--board", "pynq_z2", "--json").json()
    assert {"model", "board", "supported", "ops", "macs", "cycles", "clock_hz", "latency_us", "memory"} <= set(report)
    assert set(report["ops"][0]) == {"index", "op", "placement", "reason", "macs", "cycles"}
    assert (report["board"], report["supported"], report["macs"]) == ("pynq_z2", True, 24 * 32 + 32 * 4)
    assert report["latency_us"] == pytest.approx(report["cycles"] / report["clock_hz"] * 1e6)
    assert len(report["parameters"]) == 16


def test_people_get_a_table_and_a_warning_about_the_clock(cli: Any, model: Path) -> None:
    result = cli("compile", model)
    assert result.status == 0
    assert "FULLY_CONNECTED" in result.out
    assert "a clock that nothing has verified" in result.out


def test_the_program_is_written(cli: Any, model: Path, tmp_path: Path) -> None:
    output = tmp_path / "net.edge"
    assert cli("compile", model, "-o", output, "--json").status == 0
    assert Program.from_bytes(output.read_bytes()).model == model.read_bytes()


def test_a_part_that_the_overlay_cannot_run_is_told_with_the_reason(cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "soft.tflite"
    path.write_bytes(Builder((1, 8)).dense(4).softmax().model())
    ops = cli("compile", path, "--json").json()["ops"]
    assert [row["placement"] for row in ops] == ["overlay", "cpu"]
    assert ops[1]["reason"]
    assert ops[1]["cycles"] == 0


def test_transfers_are_told_by_the_boards_way(cli: Any, model: Path, tmp_path: Path) -> None:
    zynq = cli("compile", model, "--board", "pynq_z2", "--json").json()
    assert zynq["transfers"]["bytes_in"] == 24
    assert zynq["transfers"]["job_cycles"] > zynq["transfers"]["stream_cycles"] > zynq["cycles"]
    assert zynq["serial"] is None
    serial = cli("compile", model, "--board", "colorlight_i5", "--json").json()
    assert serial["transfers"] is None
    assert serial["serial"]["baud"] == 1_000_000
    assert serial["serial"]["load_s"] > serial["serial"]["inference_s"] > 0
    page = tmp_path / "report.html"
    told = cli("compile", model, "--board", "colorlight_i5", "--html", page).out
    assert "Over the serial cable, at 1,000,000 baud" in told
    assert "Over the serial cable, at 1,000,000 baud" in page.read_text()
