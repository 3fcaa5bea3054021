from __future__ import annotations

from pathlib import Path

import pytest

from edge_runtime.boards import list_boards, load_board
from edge_runtime.errors import ConfigError
from edge_runtime.paths import board_folder


def edited(tmp_path: Path, old: str, new: str) -> Path:
    text = (board_folder() / "pynq_z2.toml").read_text()
    assert old in text
    file = tmp_path / "mine.toml"
    file.write_text(text.replace(old, new))
    return file


def test_the_boards_that_are_known() -> None:
    assert {"colorlight_i5", "kv260", "laptop_sim", "pynq_z1", "pynq_z2", "ultra96", "ulx3s_85f"} <= set(list_boards())


@pytest.mark.parametrize("name", list_boards())
def test_each_board_is_valid_and_called_like_its_file(name: str) -> None:
    assert load_board(name).name == name


def test_the_pynq_z2_is_what_its_data_sheet_says() -> None:
    board = load_board("pynq_z2")
    assert (board.part.lut, board.part.ff, board.part.dsp, board.part.bram36) == (53_200, 106_400, 220, 140)
    assert board.clock_hz == 100e6
    assert not board.clock_verified
    assert (board.overlay.k_lanes, board.overlay.oc_lanes) == (24, 16)


def test_the_simulation_stands_for_the_pynq_z2() -> None:
    assert load_board("laptop_sim").overlay == load_board("pynq_z2").overlay
    assert load_board("laptop_sim").overlay.hash == load_board("pynq_z2").overlay.hash


def test_a_board_of_ones_own_is_read_from_its_file(tmp_path: Path) -> None:
    assert load_board(edited(tmp_path, "100 MHz", "50 MHz")).clock_hz == 50e6


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('clock = "100 MHz"', "clock = 100", r'clock: should be text .*like "100 Hz"'),
        ('clock = "100 MHz"', 'clock = "100 Mhz"', "clock: has the unit 'Mhz'"),
        ("k_lanes = 24", "k_lane = 24", "overlay.k_lane: unknown key; did you mean 'k_lanes'"),
        ("k_lanes = 24", 'k_lanes = "24"', "overlay.k_lanes: should be a valid integer"),
        ("k_lanes = 24", "k_lanes = 0", "overlay: .*k_lanes"),
        ('bus = "pynq"', 'bus = "spi"', "bus: should be 'verilator', 'pynq' or 'uart'"),
        ("lut = 53_200", "lut = -1", "part.lut: should be greater than 0"),
        ("axi_master = true", "axi_master = false", "overlay.axi_master must be true where bus = 'pynq'"),
    ],
)
def test_a_mistake_in_a_board_is_explained(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_board(edited(tmp_path, old, new))


def test_a_board_on_a_serial_cable_says_all_that_its_top_needs(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs the table serial, oscillator, oscillator_pin and programmer"):
        load_board(edited(tmp_path, 'bus = "pynq"', 'bus = "uart"'))


def test_an_unknown_board_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'pynq_z9' is unknown; known boards: .*pynq_z2"):
        load_board("pynq_z9")
