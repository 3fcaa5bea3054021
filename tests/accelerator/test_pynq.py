"""The pynq bus: here over a mapped window of memory, and in the environments with pynq over the real package."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from edge_runtime.accelerator.bus import PynqBus
from edge_runtime.accelerator.bus.pynq_hwh import CELL, DRIVER_VLNV, render_hwh
from edge_runtime.boards import list_boards, load_board
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.errors import BusError, ConfigError

REPOSITORY = Path(__file__).resolve().parents[2]
ZYNQ = [name for name in list_boards() if load_board(name).bus == "pynq"]
# Which board stands for which pynq: 4.0.0 has left Zynq-7000 behind.
ENVIRONMENTS = {"3.0.1": ("pynq_z2", "pynq_z1", "ultra96", "kv260"), "3.1.2": ("pynq_z2",), "4.0.0": ("kv260",)}
RUNS = [(version, board) for version, boards in ENVIRONMENTS.items() for board in boards]


@pytest.mark.parametrize(("version", "board"), RUNS)
def test_the_real_package_over_the_simulated_overlay(version, board):
    """The contract of buses, and the stack's own tests, inside the environment of that version."""
    done = run_with_pynq(
        version,
        *("-m", "pytest", "-q", "-x", "-o", "addopts=--import-mode=importlib", "-o", "filterwarnings=default"),
        *("-p", "no:cacheprovider", "tests/pynq_stack", "tests/accelerator/test_bus_contract.py"),
        EDGE_RUNTIME_TEST_PYNQ=board,
        PYTEST_ADDOPTS="",
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="tflite-runtime 2.14 has no wheel for Python 3.12 and later")
@pytest.mark.parametrize("version", ENVIRONMENTS)
def test_keyword_spotting_is_exact_through_the_real_package(version, shared_models):
    board = ENVIRONMENTS[version][0]
    model = shared_models / "mlperf_kws_dscnn.tflite"
    arguments = ("verify", str(model), "--board", board, "--over", "pynq", "--samples", "5", "--json")
    done = run_with_pynq(version, "-c", "from edge_runtime.cli.main import main; main()", *arguments)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["mismatches"], told["samples"]) == (0, 5)
    assert told["cycles"] == told["predicted_cycles"] > 0


def run_with_pynq(version, *arguments, **variables):
    """Run Python in the environment of a version of pynq."""
    sys.path.insert(0, str(REPOSITORY / "tools"))
    from pynq_environment import environment  # noqa: PLC0415 - a tool, not a package

    folder = environment(version)
    if not (folder / "finished").exists():
        pytest.skip(f"no environment with pynq {version}: python tools/pynq_environment.py makes it")
    return subprocess.run(
        [str(folder / "bin" / "python"), *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ZYNQ)
def test_the_hwh_has_the_boards_address_and_type(name):
    board = load_board(name)
    root = ElementTree.fromstring(render_hwh(board))
    (registers,) = (found for found in root.iter("MEMRANGE") if found.get("MEMTYPE") == "REGISTER")
    assert int(registers.get("BASEVALUE"), 16) == board.pynq.base_address
    (cell,) = (module for module in root.iter("MODULE") if module.get("INSTANCE") == CELL)
    assert cell.get("VLNV") == DRIVER_VLNV
    assert {p.get("NAME") for p in cell.iter("PARAMETER")} >= set(board.overlay.verilog())


@pytest.mark.parametrize(
    ("group", "package", "file"),
    [
        ("pynq.notebooks", "edge_runtime.notebooks", "first_steps.ipynb"),
        ("pynq.overlays", "edge_runtime.overlays", "__init__.py"),
    ],
)
def test_pynq_is_told_where_notebooks_and_overlays_are(group, package, file):
    (entry,) = (entry for entry in entry_points(group=group) if entry.name == "edge_runtime")
    assert entry.value == package
    assert Path(entry.load().__file__).with_name(file).is_file()


def test_only_zynq_boards_have_a_hwh():
    with pytest.raises(ConfigError, match=r"'ulx3s_85f' has no \.hwh"):
        render_hwh(load_board("ulx3s_85f"))


class Interrupt:
    """As pynq's: `wait` returns when the line has risen."""

    def __init__(self, rises):
        self.waits = 0
        self._rises = rises

    async def wait(self):
        self.waits += 1
        if self._rises is None:
            await asyncio.Event().wait()
        self._rises()


def mapped_cell(interrupt=None):
    """Return a cell whose window is memory, as on a board, with an enabled interrupt."""
    array = np.zeros((1 << host_interface().address_width) // 4, np.uint32)
    array[host_interface().registers["IRQ_ENABLE"].offset // 4] = 1
    return SimpleNamespace(mmio=SimpleNamespace(array=array, base_addr=0x4000_0000), irq=interrupt)


def raise_line(cell):
    cell.mmio.array[host_interface().registers["IRQ_STATUS"].offset // 4] = 1


def test_blocks_go_through_the_mapped_window_whole():
    cell = mapped_cell()
    bus = PynqBus(cell)
    data = bytes(range(256)) * 16
    bus.write(0x100000, data)
    assert cell.mmio.array[0x100000 // 4] == 0x03020100
    assert bus.read(0x100000, len(data)) == data
    assert bus.read(0x100004, 8) == data[4:12]
    bus.write(0x100000, b"")
    assert bus.read(0x100000, 0) == b""


def test_what_would_kill_the_processor_is_refused_before_it_is_touched():
    bus = PynqBus(mapped_cell())
    for offset, length in [(0x2000, 4), (0xFFC, 8), (1 << 22, 4)]:
        with pytest.raises(BusError, match="nothing is there"):
            bus.read(offset, length)


def test_a_wired_interrupt_is_waited_for():
    cell = mapped_cell()
    cell.irq = Interrupt(lambda: raise_line(cell))
    assert PynqBus(cell).wait_interrupt(5.0)
    assert cell.irq.waits == 1


def test_a_wired_interrupt_that_never_comes_meets_its_deadline():
    cell = mapped_cell(Interrupt(None))
    assert not PynqBus(cell).wait_interrupt(0.02)


def test_without_one_the_line_is_polled():
    cell = mapped_cell()
    bus = PynqBus(cell)
    assert not bus.wait_interrupt(0.01)
    raise_line(cell)
    assert bus.wait_interrupt(0.0)
