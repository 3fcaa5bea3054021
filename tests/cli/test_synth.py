from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_runtime.boards import load_board
from edge_runtime.paths import board_folder
from support.networks import dense_network

SMALL = {
    "k_lanes = 24": "k_lanes = 4",
    "oc_lanes = 16": "oc_lanes = 4",
    "requant_lanes = 8": "requant_lanes = 2",
    "act_bytes = 65_536": "act_bytes = 4096",
    "weight_rows = 1024": "weight_rows = 512",
    "descriptors = 64": "descriptors = 8",
    "vec_lanes = 8": "vec_lanes = 2",
    "vec_weight_rows = 512": "vec_weight_rows = 64",
    "vec_param_channels = 4096": "vec_param_channels = 64",
    "param_channels = 4096": "param_channels = 256",
    "table_pairs = 4": "table_pairs = 2",
    "row_buffer_bytes = 2048": "row_buffer_bytes = 256",
}
FIELDS = {"board", "parameters", "lut", "ff", "dsp", "bram36", "fmax_mhz", "fits"}


def small_board(folder: Path, **replaced: str) -> Path:
    text = (board_folder() / "pynq_z2.toml").read_text()
    for old, new in (SMALL | replaced).items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "small.toml"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def one_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Yosys runs once for the whole module."""
    monkeypatch.setenv("EDGE_RUNTIME_CACHE", str(cache))


def test_area_of_a_small_overlay(cli: Any, tmp_path: Path) -> None:
    board = small_board(tmp_path)
    report = cli("synth", "--board", board, "--json").json()
    assert set(report) >= FIELDS
    assert report["parameters"] == load_board(board).overlay.hash
    assert report["fits"] is True
    assert report["fmax_mhz"] is None
    # 2 pairs of channels x 4 lanes in the array, at most 4 a lane in the requantiser
    assert 8 < report["dsp"] <= 8 + 2 * 4
    assert 500 < report["lut"] < 12_000
    assert 0 < report["bram_registered"] <= report["bram_cells"]
    assert 1 < report["lut_levels"] < 20


def test_a_model_adds_its_cycles_and_people_get_a_table(cli: Any, tmp_path: Path) -> None:
    model = tmp_path / "net.tflite"
    model.write_bytes(dense_network([16, 8, 4]))
    compiled = cli("compile", model, "--board", small_board(tmp_path), "--json").json()
    report = cli("synth", model, "--board", small_board(tmp_path), "--json").json()
    assert (report["model"], report["cycles"]) == ("net.tflite", compiled["cycles"])
    assert report["parameters"] == compiled["parameters"]
    shown = cli("synth", model, "--board", small_board(tmp_path)).out
    assert "multipliers" in shown
    assert "Fmax: not known" in shown
    assert "cycles" in shown


def test_an_overlay_that_does_not_fit_says_what_is_too_much(cli: Any, tmp_path: Path) -> None:
    result = cli("synth", "--board", small_board(tmp_path, **{"dsp = 220": "dsp = 3"}), "--json")
    assert result.status == 2
    assert '"fits": false' in result.out
    assert "multipliers of 3; choose smaller overlay parameters" in result.error()


def test_a_part_without_open_place_and_route_says_so(cli: Any) -> None:
    result = cli("synth", "--board", "pynq_z2", "--route")
    assert result.status == 2
    assert "no open place and route for xc7z020clg400-1" in result.error()


@pytest.mark.slow
def test_the_overlay_of_the_pynq_z2_fits_with_room_to_spare(cli: Any) -> None:
    report = cli("synth", "--board", "pynq_z2", "--json").json()
    assert report["dsp"] <= 220
    assert report["bram36"] <= 140
    assert report["lut"] <= 42_500
    assert report["fits"] is True
