from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from edge_runtime.boards import load_board
from edge_runtime.compiler import compile_model
from edge_runtime.compiler.report import describe, overlay_mac_share
from support.scripts import load_script
from support.waiting import DEADLINE_S

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "nngen.py"


def test_the_network_is_the_one_that_it_says_and_runs_on_the_overlay() -> None:
    module = load_script(SCRIPT)
    board = load_board(module.BOARD)
    program = compile_model(module.network(), board.overlay, name="nngen")
    assert describe(program, board=board.name, clock_hz=1).macs == 305_152
    assert "305,152" in " ".join(str(module.__doc__).split())
    assert overlay_mac_share(program) == 1.0


def test_without_nngen_it_says_how_to_get_it() -> None:
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], env=environment, capture_output=True, text=True, check=False, timeout=DEADLINE_S
    )
    assert done.returncode == 1
    assert "make bench-nngen" in done.stderr
