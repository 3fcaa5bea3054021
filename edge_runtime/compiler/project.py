"""Writes a sized overlay as a project: the Verilog, the program, constraints, scripts, and a bench that checks itself.

The generated top only instantiates the library of `rtl/`, which is copied beside it. The bench plays what a driver does
(`edge_runtime.compiler.accesses`) on the overlay's AXI4-Lite port, with a memory at its burst master where it has one,
and compares with what the reference computed; it runs under plain Verilator and under Icarus.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from edge_runtime.compiler.accesses import accesses, memory_bytes
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.compiler.program import Program
from edge_runtime.compiler.resources import Family, verilog_parameters
from edge_runtime.compiler.yosys_flow import PRODUCT_MAP, prepare_project, product_map
from edge_runtime.paths import rtl_folder

__all__ = ["write_files", "write_project"]

_TOP = "edge_sized_overlay"
_BENCH = ("edge_access_bench.v", "edge_axi_memory.v")


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
    lines = [f"{what:02x}{address:08x}{word:08x}" for what, address, word in accesses(program, seed=seed)]
    library = [*sorted(rtl_folder().glob("*.v")), *sorted(rtl_folder().glob("*.vh"))]
    contents: dict[str, str | bytes] = {
        **{f"rtl/{source.name}": _settled(source.read_text()) for source in library},
        f"yosys/{PRODUCT_MAP}": product_map().read_text(),
        **{f"rtl/sim/{name}": (rtl_folder() / "sim" / name).read_text() for name in _BENCH},
        f"{_TOP}.v": _top(program, family),
        "program.edge": program.to_bytes(),
        "accesses.hex": "\n".join(lines) + "\n",
        "run_bench.sh": _bench_script(program, len(lines)),
        **_tool_files(family, device, clock_hz),
    }
    return write_files(folder, contents)


def write_files(folder: Path, contents: Mapping[str, str | bytes]) -> list[Path]:
    """Write a project's files by their paths in it, scripts to be run, and return them."""
    paths = []
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if path.suffix == ".sh":
            path.chmod(0o755)
        paths.append(path)
    return paths


def _settled(source: str) -> str:
    """Leave out the checks of parameters, which are settled here and which Icarus before version 12 cannot read."""
    return "".join(line for line in source.splitlines(keepends=True) if "$error(" not in line)


def _top(program: Program, family: Family) -> str:
    ports = _ports(program.parameters)
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

    {program.parameters.top} #(
{settings}
    ) overlay (
{connections}
    );

endmodule

`resetall
"""


def _ports(parameters: OverlayParameters) -> Sequence[tuple[str, str, str]]:
    return [*_OVERLAY_PORTS, *(_MEMORY_PORTS if parameters.axi_master else ())]


_ADDRESS = "[`EDGE_ADDRESS_WIDTH-1:0] "
_OVERLAY_PORTS = (
    ("input ", "", "clk"),
    ("input ", "", "rst"),
    ("input ", _ADDRESS, "s_axil_awaddr"),
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
    ("input ", _ADDRESS, "s_axil_araddr"),
    ("input ", "[2:0] ", "s_axil_arprot"),
    ("input ", "", "s_axil_arvalid"),
    ("output", "", "s_axil_arready"),
    ("output", "[31:0] ", "s_axil_rdata"),
    ("output", "[1:0] ", "s_axil_rresp"),
    ("output", "", "s_axil_rvalid"),
    ("input ", "", "s_axil_rready"),
    ("output", "", "irq"),
)
# AXI4 to the processor's memory: 40 address bits, 64 data bits.
_MEMORY_PORTS = (
    ("output", "", "m_axi_awid"),
    ("output", "[39:0] ", "m_axi_awaddr"),
    ("output", "[7:0] ", "m_axi_awlen"),
    ("output", "[2:0] ", "m_axi_awsize"),
    ("output", "[1:0] ", "m_axi_awburst"),
    ("output", "[3:0] ", "m_axi_awcache"),
    ("output", "[2:0] ", "m_axi_awprot"),
    ("output", "", "m_axi_awvalid"),
    ("input ", "", "m_axi_awready"),
    ("output", "[63:0] ", "m_axi_wdata"),
    ("output", "[7:0] ", "m_axi_wstrb"),
    ("output", "", "m_axi_wlast"),
    ("output", "", "m_axi_wvalid"),
    ("input ", "", "m_axi_wready"),
    ("input ", "", "m_axi_bid"),
    ("input ", "[1:0] ", "m_axi_bresp"),
    ("input ", "", "m_axi_bvalid"),
    ("output", "", "m_axi_bready"),
    ("output", "", "m_axi_arid"),
    ("output", "[39:0] ", "m_axi_araddr"),
    ("output", "[7:0] ", "m_axi_arlen"),
    ("output", "[2:0] ", "m_axi_arsize"),
    ("output", "[1:0] ", "m_axi_arburst"),
    ("output", "[3:0] ", "m_axi_arcache"),
    ("output", "[2:0] ", "m_axi_arprot"),
    ("output", "", "m_axi_arvalid"),
    ("input ", "", "m_axi_arready"),
    ("input ", "", "m_axi_rid"),
    ("input ", "[63:0] ", "m_axi_rdata"),
    ("input ", "[1:0] ", "m_axi_rresp"),
    ("input ", "", "m_axi_rlast"),
    ("input ", "", "m_axi_rvalid"),
    ("output", "", "m_axi_rready"),
)


def _bench_script(program: Program, count: int) -> str:
    memory = memory_bytes(program)
    # a job waits for the one before it, and for memory, which stalls
    patience = 2 * max(part.cycles for part in program.parts) + 2 * memory + 1000
    values = {"ACCESSES": count, "PATIENCE": patience, **({"MEMORY_BYTES": memory} if memory else {})}
    master = "-DEDGE_AXI_MASTER " if memory else ""
    verilator = master + " ".join(f"-G{name}={value}" for name, value in values.items())
    icarus = master + " ".join(f"-Pedge_access_bench.{name}={value}" for name, value in values.items())
    return f"""#!/bin/sh
# Runs the self-checking bench: `./run_bench.sh` with Icarus, `./run_bench.sh verilator` with Verilator 5.
set -eu
cd "$(dirname "$0")"
if [ "${{1:-icarus}}" = verilator ]; then
    # the last two spare builds of Verilator that leave its makefile's settings empty
    verilator --binary --timing -Wno-fatal -j 0 --Mdir build -y . -y rtl -y rtl/sim -Irtl \\
        --top-module edge_access_bench \\
        -CFLAGS "-std=c++20 -fcoroutines" -MAKEFLAGS CFG_CXXFLAGS_PCH_I=-include \\
        {verilator} rtl/sim/edge_access_bench.v
    output=$(build/Vedge_access_bench)
else
    mkdir -p build
    iverilog -g2005-sv -y . -y rtl -y rtl/sim -Irtl -s edge_access_bench \\
        {icarus} \\
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
        return {}  # what is placed there is a board's top, with its pins
    return {
        "constraints.xdc": f"create_clock -name clk -period {period_ns:.3f} [get_ports clk]\n",
        "synth.ys": f"read_verilog -Irtl {_TOP}.v rtl/*.v\nhierarchy -top {_TOP}\n{prepare_project()}"
        f"synth_xilinx -family {family} -flatten -top {_TOP}\nstat\n",
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
