"""The Vivado scripts run under tclsh with stand-ins for Vivado's commands, which take what published scripts give them.

None has been run on Vivado here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge_runtime.accelerator.bus.pynq_hwh import CELL
from edge_runtime.board_files import ZYNQ_TOP
from edge_runtime.boards import list_boards, load_board

REPOSITORY = Path(__file__).resolve().parents[1]
STAND_INS = Path(__file__).parent / "vivado_commands.tcl"
ZYNQ = [name for name in list_boards() if load_board(name).bus == "pynq"]


def run(script, *arguments):
    if shutil.which("tclsh") is None:
        pytest.skip("tclsh is missing: apt-get install tcl")
    return subprocess.run(
        [str(shutil.which("tclsh")), str(STAND_INS), str(script), *arguments],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def bitstreams(tmp_path):
    """A copy of the scripts in a tree of their own, so that their build folders are not left behind."""
    for name in ("edge_runtime", "rtl", "board_configs"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    return Path(shutil.copytree(REPOSITORY / "bitstreams", tmp_path / "bitstreams"))


@pytest.mark.parametrize("name", ZYNQ)
def test_the_script_runs_and_says_what_the_board_file_says(name, bitstreams):
    board = load_board(name)
    done = run(bitstreams / name / "build.tcl")
    assert done.returncode == 0, done.stderr
    said = done.stdout
    assert f"-part {board.part.device}" in said
    assert f"-reference {ZYNQ_TOP} {CELL}" in said
    assert f"-offset 0x{board.pynq.base_address:08X} -range 4M" in said
    assert f"FREQMHZ {board.clock_hz / 1e6:g} " in said
    assert len(re.findall(r"^CALL create_bd_cell", said, re.M)) == 6
    port = {"xc7": "S_AXI_HP0/HP0_DDR_LOWOCM", "xcup": "SAXIGP2/HP0_DDR_LOW"}[board.part.family]
    assert f"CALL get_bd_addr_segs -quiet ps/{port}\n" in said
    assert f"CALL get_bd_intf_pins {CELL}/m_axi\n" in said
    assert [Path(line).name for line in re.findall(r"^COPY (.*)$", said, re.M)] == [
        board.pynq.bitstream,
        board.pynq.bitstream.replace(".bit", ".hwh"),
    ]
    sources = (bitstreams / name / "build" / "sources.txt").read_text().split()
    assert any(path.endswith(f"/boards/{ZYNQ_TOP}.v") for path in sources)
    assert (bitstreams / name / "build" / "edge_board.vh").is_file()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("create_bd_design system", "create_bd_design -board x system", "create_bd_design has no option -board"),
        ("validate_bd_design", "validate_block_design", "invalid command name"),
        ("add_files -norecurse $sources", "add_files -norecurse /nowhere.v", "/nowhere.v is not there"),
    ],
)
def test_a_mistake_in_a_script_is_seen(bitstreams, old, new, message):
    script = bitstreams / "zynq.tcl"
    script.write_text(script.read_text().replace(old, new, 1))
    done = run(bitstreams / "pynq_z2" / "build.tcl")
    assert done.returncode != 0
    assert message in done.stderr


def test_a_board_without_a_script_of_its_own_is_named_by_an_argument(bitstreams):
    done = run(bitstreams / "build.tcl", "pynq_z1")
    assert done.returncode == 0, done.stderr
    assert "-force pynq_z1" in done.stdout
    asked = run(bitstreams / "build.tcl")
    assert "say which board" in asked.stderr


def test_every_script_that_options_come_from_is_named():
    text = (STAND_INS.parent / "vivado_options.tcl").read_text()
    sources = re.findall(r"^    \{(\S+) (\S+) (\S+)\} \{$", text, re.M)
    assert len(sources) >= 6
    assert [name for name, _, commit in sources if not re.fullmatch(r"[0-9a-f]{40}", commit)] == ["AMD"]


def test_every_zynq_board_has_a_script():
    assert [name for name in ZYNQ if not (REPOSITORY / "bitstreams" / name / "build.tcl").is_file()] == []
