"""Icarus takes the library too, and with its four states shows that nothing depends on what was never set."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from edge_runtime.compiler import OverlayParameters, compile_model
from edge_runtime.compiler.accesses import accesses
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.project import write_project
from edge_runtime.model import OpKind, write_tflite
from rtl.simulation import RTL
from rtl.tiny_network import TinyNetwork
from support.chains import chained_network

PARAMETERS = {
    "K_LANES": 12,
    "OC_LANES": 8,
    "REQUANT_LANES": 4,
    "PACKED": 1,
    "ACT_BYTES": 1024,
    "WEIGHT_ROWS": 64,
    "PARAM_CHANNELS": 64,
    "DESCRIPTORS": 8,
    "VEC_LANES": 4,
    "VEC_WEIGHT_ROWS": 16,
    "VEC_PARAM_CHANNELS": 32,
    "TABLE_PAIRS": 2,
    "ROW_BUFFER_BYTES": 128,
}
# For more than TinyNetwork.
NARROW = OverlayParameters(
    k_lanes=4, oc_lanes=4, requant_lanes=2, vec_lanes=2, act_bytes=4096, weight_rows=2048, packed=False
)
# $error in a generate block, as SystemVerilog has it since 2009
FIRST_WITH_ELABORATION_TASKS = 12


def run(tool, *arguments, folder=None):
    command = [shutil.which(tool), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=900)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The library as the installed Icarus can read it: before version 12, without `$error` in generate blocks."""
    if shutil.which("iverilog") is None:
        pytest.skip("Icarus Verilog is missing: apt-get install iverilog")
    major = int(re.search(r"Icarus Verilog version (\d+)", run("iverilog", "-V").stdout)[1])
    if major >= FIRST_WITH_ELABORATION_TASKS:
        return RTL
    folder = tmp_path_factory.mktemp("rtl")
    for path in [*RTL.glob("*.v"), *RTL.glob("*.vh")]:
        (folder / path.name).write_text(re.sub(r"^ *\$error\(.*\);$", "", path.read_text(), flags=re.M))
    return folder


def iverilog(library, top, parameters, *more):
    """Return what Icarus has to say: nothing, if all is well."""
    settings = [f"-P{top}.{name}={value}" for name, value in parameters.items()]
    files = [str(path) for path in sorted(library.glob("*.v"))]
    flags = ["-g2009", "-Wall", "-Wno-timescale", f"-I{library}", "-s", top]
    done = run("iverilog", *flags, *settings, *more, *files)
    return done.stderr + done.stdout


@pytest.mark.parametrize("parameters", [{}, PARAMETERS, {"PACKED": 0}], ids=["default", "small", "plain"])
@pytest.mark.parametrize("top", ["edge_overlay", "edge_overlay_axi"])
def test_icarus_elaborates_the_overlay(library, top, parameters):
    assert iverilog(library, top, parameters, "-t", "null") == ""


@pytest.mark.parametrize("axi_master", [False, True], ids=["windows", "jobs"])
def test_a_network_runs_from_unknown_state(axi_master, tmp_path, monkeypatch):
    if shutil.which("iverilog") is None:
        pytest.skip("Icarus Verilog is missing: apt-get install iverilog")
    monkeypatch.setenv("RTL_PARAMETERS", repr(PARAMETERS))
    check_bench(TinyNetwork(axi_master=axi_master).program, tmp_path)


@pytest.mark.parametrize("consumer", [OpKind.ADD, OpKind.HARD_SWISH])
def test_a_chain_runs_from_unknown_state(consumer, tmp_path):
    if shutil.which("iverilog") is None:
        pytest.skip("Icarus Verilog is missing: apt-get install iverilog")
    program = compile_model(write_tflite(chained_network(consumer, 3)), NARROW, name="chain")
    chained = host_interface().descriptor["CHAINED"]
    assert any(chained.get(int(word)) for word in program.descriptors[:, chained.word])
    check_bench(program, tmp_path)


def check_bench(program, tmp_path):
    write_project(program, tmp_path, family="xc7", device="xc7z020clg400-1", clock_hz=1e8)
    ran = run("sh", str(tmp_path / "run_bench.sh"))
    assert "FAIL" not in ran.stdout
    assert f"PASS: {len(list(accesses(program))) - 1} accesses" in ran.stdout
    assert ran.returncode == 0
