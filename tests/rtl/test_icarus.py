"""Icarus takes the library too, and with its four states shows that nothing depends on what was never set."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from edge_runtime.compiler.host_interface import host_interface
from rtl.simulation import RTL
from rtl.tiny_network import TinyNetwork

INTERFACE = host_interface()
BENCH = RTL / "sim" / "edge_access_bench.v"
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
WRITE, READ, WAIT, END = 1, 2, 3, 0
# $error in a generate block, as SystemVerilog has it since 2009
FIRST_WITH_ELABORATION_TASKS = 12


def run(tool, *arguments, folder=None):
    command = [shutil.which(tool), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


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
def test_icarus_elaborates_the_overlay(library, parameters):
    assert iverilog(library, "edge_overlay", parameters, "-t", "null") == ""


def words(offset, data):
    """Return (byte address, word) pairs."""
    return [(offset + at, int.from_bytes(data[at : at + 4], "little")) for at in range(0, len(data), 4)]


def accesses(network):
    """Load a network, run it twice, and compare the outputs and the cycles."""
    program = network.program
    window = {name: window.offset for name, window in INTERFACE.windows.items()}
    register = {name: register.offset for name, register in INTERFACE.registers.items()}
    # lanes that the network leaves idle still multiply by zero, and unknown times zero is unknown
    yield from ((WRITE, *pair) for pair in words(window["ACTIVATIONS"], bytes(network.overlay.act_bytes)))
    for image in network.images():
        yield from ((WRITE, *pair) for pair in words(window[image.window] + image.offset, image.data))
    yield WRITE, register["IRQ_ENABLE"], 1
    for _ in range(2):
        inputs, outputs = network.draw()
        yield from ((WRITE, *pair) for pair in words(window["ACTIVATIONS"] + network.input_address, inputs))
        yield WRITE, register["CONTROL"], 1
        yield WAIT, 0, 0
        yield WRITE, register["IRQ_STATUS"], 1
        whole = outputs[: len(outputs) // 4 * 4]
        yield from ((READ, *pair) for pair in words(window["ACTIVATIONS"] + network.output_address, whole))
        yield READ, register["CYCLES"], program.cycles
    yield END, 0, 0


def test_a_network_runs_from_unknown_state(library, tmp_path, monkeypatch):
    monkeypatch.setenv("RTL_PARAMETERS", repr(PARAMETERS))
    lines = [f"{what:02x}{address:08x}{word:08x}" for what, address, word in accesses(TinyNetwork())]
    (tmp_path / "accesses.hex").write_text("\n".join(lines))
    compiled = tmp_path / "bench.vvp"
    assert iverilog(library, BENCH.stem, PARAMETERS, "-o", str(compiled), str(BENCH)) == ""
    ran = run("vvp", "-n", str(compiled), folder=tmp_path)
    assert "FAIL" not in ran.stdout
    assert f"PASS: {len(lines) - 1} accesses" in ran.stdout
