from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_runtime.accelerator.verify import FirstMismatch, VerifyResult
from edge_runtime.paths import examples_folder
from support.device import write_board
from support.networks import dense_network
from support.overlays import LEAST

ACTIVITY = examples_folder() / "activity" / "activity.tflite"

WRONG = VerifyResult(
    "golden", "abc", 3, 30, 2, 100, 100, 1.0, first=FirstMismatch(1, 2, "FULLY_CONNECTED", 0, 5, -3, 4)
)


FAULTY = VerifyResult("golden", "abc", 3, 30, 2, 100, 100, 1.0, golden_faults=("golden leaves it unwritten",))


def test_the_projects_own_network_holds_in_rtl(cli: Any) -> None:
    result = cli("verify", ACTIVITY, "--samples", "20", "--json")
    found = result.json()
    assert result.status == 0
    assert {"golden", "parameters", "samples", "elements", "cycles", "predicted_cycles", "overlay_mac_share"} <= set(
        found
    )
    assert (found["samples"], found["mismatches"], found["overlay_mac_share"]) == (20, 0, 1.0)
    assert found["cycles"] == found["predicted_cycles"] > 0


@pytest.mark.slow
def test_the_projects_own_network_holds_behind_a_serial_cable(cli: Any) -> None:
    result = cli("verify", ACTIVITY, "--board", "colorlight_i5", "--over", "uart", "--samples", "10", "--json")
    assert result.status == 0
    assert (result.json()["mismatches"], result.json()["overlay_mac_share"]) == (0, 1.0)


def test_a_board_without_a_serial_cable_cannot_be_verified_over_one(cli: Any) -> None:
    result = cli("verify", ACTIVITY, "--over", "uart")
    assert result.status == 2
    assert "'laptop_sim' has no serial cable" in result.error()


def test_people_get_the_same_in_words(cli: Any) -> None:
    result = cli("verify", ACTIVITY, "--samples", "3")
    assert result.status == 0
    assert "0 mismatches" in result.out


def test_waveforms_are_written_on_request(cli: Any, tmp_path: Path) -> None:
    trace = tmp_path / "small.vcd"
    model = tmp_path / "small.tflite"
    model.write_bytes(dense_network([8, 2]))
    board = write_board(tmp_path, LEAST)
    assert cli("verify", model, "--board", board, "--samples", "1", "--trace", trace).status == 0
    assert "$enddefinitions" in trace.read_text()


def test_a_trace_of_unknown_format_is_refused(cli: Any, tmp_path: Path) -> None:
    result = cli("verify", ACTIVITY, "--trace", tmp_path / "trace.txt")
    assert result.status == 2
    assert ".fst or .vcd" in result.error()


def test_a_mismatch_is_located_and_is_status_1(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_runtime.cli.verify.verify_model", lambda *_, **__: WRONG)
    result = cli("verify", ACTIVITY, "--json")
    assert result.status == 1
    assert result.json()["first"]["operator"] == 2
    assert result.error() == (
        "activity.tflite: 2 elements differ; the first is element 5 (tile 0) of operator 2 (FULLY_CONNECTED) for "
        "input 1: -3 in place of 4"
    )


def test_a_wrong_cycle_count_is_status_1(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    late = VerifyResult("golden", "abc", 3, 30, 0, 101, 100, 1.0)
    monkeypatch.setattr("edge_runtime.cli.verify.verify_model", lambda *_, **__: late)
    result = cli("verify", ACTIVITY)
    assert result.status == 1
    assert result.error() == "activity.tflite: the RTL counted 101 cycles, the compiler 100"


def test_what_does_not_fit_runs_on_the_cpu_on_request(cli: Any, tmp_path: Path) -> None:
    model = tmp_path / "wide.tflite"
    model.write_bytes(dense_network([640, 640, 5], seed=3))
    refused = cli("verify", model)
    assert refused.status == 2
    assert "--allow-cpu" in refused.error()
    done = cli("verify", model, "--allow-cpu", "--samples", "3", "--json")
    assert done.status == 0
    assert done.json()["mismatches"] == 0
    assert 0 < done.json()["overlay_mac_share"] < 0.1


def test_differences_that_are_the_goldens_own_are_said_to_be(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_runtime.cli.verify.verify_model", lambda *_, **__: FAULTY)
    result = cli("verify", ACTIVITY)
    assert result.status == 1
    assert "2 elements differ from golden; but golden leaves it unwritten" in result.error()
    assert "  golden leaves it unwritten" in result.out
    assert cli("verify", ACTIVITY, "--json").json()["golden_faults"] == ["golden leaves it unwritten"]
