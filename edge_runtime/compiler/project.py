"""Writes a sized overlay as a project: the Verilog, the program, constraints, scripts, and a bench that checks itself.

The generated top only instantiates the library of `rtl/`, which is copied beside it. The bench plays what a driver does
(load the program, write an input, start, wait, read the outputs and the cycle counter) on the AXI4-Lite port, and
compares with what the reference computed; it runs under plain Verilator and under Icarus.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.program import Part, Placement, Program
from edge_runtime.compiler.resources import Family, verilog_parameters
from edge_runtime.errors import FitError
from edge_runtime.model.interpreter import Interpreter
from edge_runtime.paths import rtl_folder

__all__ = ["accesses", "write_project"]

_END, _WRITE, _READ, _WAIT = range(4)
_TOP = "edge_sized_overlay"
Access = tuple[int, int, int]


def write_project(
    program: Program, folder: Path, *, family: Family, device: str, clock_hz: float, seed: int = 0
) -> list[Path]:
    """Write the project of one program and its overlay.

    Parameters
    ----------
    program
        Compiled for the overlay that is written.
    folder
        Made if it is not there; files of the same names are replaced.
    family, device
        Of the FPGA, as board files name them.
    clock_hz
        What the constraints ask for.
    seed
        Of the bench's random inputs.

    Returns
    -------
    list
        The files.

    Raises
    ------
    FitError
        If a part of the network runs on the CPU: the bench would have to compute it.
    """
    library = folder / "rtl"
    (library / "sim").mkdir(parents=True, exist_ok=True)
    sources = [*sorted(rtl_folder().glob("*.v")), *sorted(rtl_folder().glob("*.vh"))]
    for source in sources:
        _write(library / source.name, _settled(source.read_text()))
    shutil.copyfile(rtl_folder() / "sim" / "edge_access_bench.v", library / "sim" / "edge_access_bench.v")
    lines = [f"{what:02x}{address:08x}{word:08x}" for what, address, word in accesses(program, seed=seed)]
    contents: dict[str, str | bytes] = {
        f"{_TOP}.v": _top(program, family),
        "program.edge": program.to_bytes(),
        "accesses.hex": "\n".join(lines) + "\n",
        "run_bench.sh": _bench_script(program, family, len(lines)),
        **_tool_files(family, device, clock_hz),
    }
    return [library / source.name for source in sources] + [
        _write(folder / name, content) for name, content in contents.items()
    ]


def _settled(source: str) -> str:
    """Leave out the checks of parameters, which are settled here and which Icarus before version 12 cannot read."""
    return "".join(line for line in source.splitlines(keepends=True) if "$error(" not in line)


def _write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    if path.suffix == ".sh":
        path.chmod(0o755)
    return path


# ---- the bench's accesses ----


def accesses(program: Program, *, seed: int = 0, inferences: int = 2) -> Iterator[Access]:
    """Yield what a host does to load a program and run it, and what it must find: (kind, byte address, word).

    Parameters
    ----------
    program
        All of it on the overlay, but what only looks at its outputs.
    seed
        Of the random inputs.
    inferences
        How many inputs are run.

    Raises
    ------
    FitError
        If a part of the network before its last overlay part runs on the CPU.
    """
    part = _only_part(program)
    register = {name: register.offset for name, register in host_interface().registers.items()}
    yield from _load(program)
    yield _WRITE, register["IRQ_ENABLE"], 1
    yield _WRITE, register["ENTRY"], part.entry
    reference, random = Interpreter(program.graph, program.rounding), np.random.default_rng(seed)
    for _ in range(inferences):
        values = reference.run_all([_draw(program, index, random) for index in program.graph.inputs])
        for place in part.inputs:
            yield from _activations(_WRITE, place, values[place.tensor])
        yield _WRITE, register["CONTROL"], 1
        yield _WAIT, 0, 0
        yield _WRITE, register["IRQ_STATUS"], 1
        for place in part.outputs:
            yield from _activations(_READ, place, values[place.tensor])
        yield _READ, register["CYCLES"], part.cycles
    yield _END, 0, 0


def _only_part(program: Program) -> Part:
    on_overlay = [part for part in program.parts if part.on_overlay]
    if len(on_overlay) != 1:
        where = f"{len(on_overlay)} parts on the overlay" if on_overlay else "nothing on the overlay"
        raise FitError(f"{program.name} has {where}; a bench is written for networks with one overlay part")
    return on_overlay[0]


def _draw(program: Program, index: int, random: np.random.Generator) -> npt.NDArray[Any]:
    tensor = program.graph.tensors[index]
    if tensor.dtype.kind == "f":
        return random.normal(size=tensor.shape).astype(tensor.dtype)
    limits = np.iinfo(tensor.dtype)
    return random.integers(limits.min, limits.max + 1, tensor.shape).astype(tensor.dtype)


def _load(program: Program) -> Iterator[Access]:
    window = {name: window.offset for name, window in host_interface().windows.items()}
    # bytes that the network leaves idle still multiply by zero, and in four states unknown times zero is unknown
    yield from _words(_WRITE, window["ACTIVATIONS"], bytes(program.parameters.act_bytes))
    yield from _words(_WRITE, window["PROGRAM"], program.descriptors.tobytes())
    yield from _words(_WRITE, window["PARAMETERS"], program.channels.tobytes())
    yield from _words(_WRITE, window["VECTOR_PARAMETERS"], program.vec_channels.tobytes())
    yield from _words(_WRITE, window["TABLES"], program.tables.tobytes())
    yield from _rows(window["WEIGHTS"], program.parameters.weight_row_pitch, program.weight_rows)
    yield from _rows(window["VECTOR_WEIGHTS"], program.parameters.vec_weight_row_pitch, program.vec_weight_rows)


def _rows(offset: int, pitch: int, rows: npt.NDArray[np.uint8]) -> Iterator[Access]:
    for index, row in enumerate(rows):
        yield from _words(_WRITE, offset + index * pitch, row.tobytes())


def _words(kind: int, address: int, data: bytes) -> Iterator[Access]:
    padded = data + bytes(-len(data) % 4)
    for at in range(0, len(padded), 4):
        yield kind, address + at, int.from_bytes(padded[at : at + 4], "little")


def _activations(kind: int, place: Placement, values: npt.NDArray[Any]) -> Iterator[Access]:
    """Yield a tensor's words as it lies in the memory; a word that it only partly fills is written, not compared."""
    base = host_interface().windows["ACTIVATIONS"].offset
    first = place.address - place.address % 4
    length = place.address + place.span - first
    data = np.zeros(length + -length % 4, np.uint8)
    known = np.zeros(len(data), bool)
    inside = place.address - first + place.offsets()
    stored = values ^ np.uint8(128) if values.dtype == np.uint8 else values
    data[inside], known[inside] = stored.view(np.uint8).reshape(place.form), True
    for at in range(0, len(data), 4):
        if kind == _WRITE or known[at : at + 4].all():
            yield kind, base + first + at, int.from_bytes(data[at : at + 4].tobytes(), "little")


# ---- files ----


def _top(program: Program, family: Family) -> str:
    ports = _ports()
    settings = ",\n".join(
        f"        .{name}({value})" for name, value in verilog_parameters(program.parameters, family).items()
    )
    connections = ",\n".join(f"        .{name}({name})" for _, _, name in ports)
    declared = ",\n".join(f"    {direction} wire {width}{name}" for direction, width, name in ports)
    return f"""// SPDX-License-Identifier: Apache-2.0
//
// The overlay sized for {program.name}: {program.parameters.hash}. Generated; it only instantiates the library.

`default_nettype none
`include "edge_host_interface.vh"

module {_TOP} (
{declared}
);

    edge_overlay #(
{settings}
    ) overlay (
{connections}
    );

endmodule

`resetall
"""


def _ports() -> Sequence[tuple[str, str, str]]:
    address = "[`EDGE_ADDRESS_WIDTH-1:0] "
    return (
        ("input ", "", "clk"),
        ("input ", "", "rst"),
        ("input ", address, "s_axil_awaddr"),
        ("input ", "[2:0] ", "s_axil_awprot"),
        ("input ", "", "s_axil_awvalid"),
        ("output", "", "s_axil_awready"),
        ("input ", "[31:0] ", "s_axil_wdata"),
        ("input ", "[3:0] ", "s_axil_wstrb"),
        ("input ", "", "s_axil_wvalid"),
        ("output", "", "s_axil_wready"),
        ("output", "[1:0] ", "s_axil_bresp"),
        ("output", "", "s_axil_bvalid"),
        ("input ", "", "s_axil_bready"),
        ("input ", address, "s_axil_araddr"),
        ("input ", "[2:0] ", "s_axil_arprot"),
        ("input ", "", "s_axil_arvalid"),
        ("output", "", "s_axil_arready"),
        ("output", "[31:0] ", "s_axil_rdata"),
        ("output", "[1:0] ", "s_axil_rresp"),
        ("output", "", "s_axil_rvalid"),
        ("input ", "", "s_axil_rready"),
        ("output", "", "irq"),
    )


def _bench_script(program: Program, family: Family, count: int) -> str:
    patience = 2 * max(part.cycles for part in program.parts) + 1000
    values = {**verilog_parameters(program.parameters, family), "ACCESSES": count, "PATIENCE": patience}
    verilator = " ".join(f"-G{name}={value}" for name, value in values.items())
    icarus = " ".join(f"-Pedge_access_bench.{name}={value}" for name, value in values.items())
    return f"""#!/bin/sh
# Runs the self-checking bench: `./run_bench.sh` with Icarus, `./run_bench.sh verilator` with Verilator 5.
set -eu
cd "$(dirname "$0")"
if [ "${{1:-icarus}}" = verilator ]; then
    # the last two spare builds of Verilator that leave its makefile's settings empty
    verilator --binary --timing -Wno-fatal -j 0 --Mdir build -y rtl -Irtl --top-module edge_access_bench \\
        -CFLAGS "-std=c++20 -fcoroutines" -MAKEFLAGS CFG_CXXFLAGS_PCH_I=-include \\
        {verilator} rtl/sim/edge_access_bench.v
    output=$(build/Vedge_access_bench)
else
    mkdir -p build
    iverilog -g2005-sv -y rtl -Irtl -s edge_access_bench {icarus} \\
        -o build/bench.vvp rtl/sim/edge_access_bench.v
    output=$(vvp -n build/bench.vvp)
fi
echo "$output"
case "$output" in
    *FAIL*) exit 1 ;;
    *PASS*) exit 0 ;;
    *) exit 1 ;;
esac
"""


def _tool_files(family: Family, device: str, clock_hz: float) -> dict[str, str]:
    period_ns = 1e9 / clock_hz
    if family == "ecp5":
        return {
            "synth.ys": f"read_verilog -Irtl {_TOP}.v rtl/*.v\nsynth_ecp5 -abc9 -top {_TOP} -json {_TOP}.json\nstat\n",
            "constraints.lpf": f'FREQUENCY PORT "clk" {clock_hz / 1e6:.3f} MHZ;\n',
        }
    return {
        "constraints.xdc": f"create_clock -name clk -period {period_ns:.3f} [get_ports clk]\n",
        "synth.ys": f"read_verilog -Irtl {_TOP}.v rtl/*.v\nsynth_xilinx -family {family} -flatten -top {_TOP}\nstat\n",
        "vivado.tcl": f"""# vivado -mode batch -source vivado.tcl: out-of-context synthesis and implementation.
# Written from Vivado's documentation; not run in this project.
read_verilog [glob rtl/*.v]
read_verilog {_TOP}.v
read_xdc constraints.xdc
synth_design -top {_TOP} -part {device} -include_dirs rtl -mode out_of_context
opt_design
place_design
route_design
report_utilization -file utilization.rpt
report_timing_summary -file timing.rpt
""",
    }
