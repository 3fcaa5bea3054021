"""A small design with a packed multiplier and memory goes all the way to a bitstream; a route is never lost."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge_runtime.board_files import render_lpf
from edge_runtime.boards import load_board
from edge_runtime.errors import ToolError
from edge_runtime.paths import rtl_folder
from edge_runtime.synthesis import place
from edge_runtime.synthesis.design import Design
from edge_runtime.synthesis.place import place_and_route
from edge_runtime.synthesis.synth import map_design

# The ports of the Colorlight i5, for its constraints.
TOP = """
module colorlight_i5 (input wire clk_25mhz, input wire uart_rx, output reg uart_tx, output wire led_n);
    reg  [31:0] line;
    wire [8:0]  word;
    reg  signed [7:0] a;
    reg  signed [7:0] b;
    reg  signed [15:0] product;
    always @(posedge clk_25mhz) begin
        line    <= {line[30:0], uart_rx};
        a       <= line[7:0];
        b       <= line[15:8];
        product <= a * b;
        uart_tx <= ^product ^ ^word;
    end
    edge_word_ram #(.WIDTH(9), .ADDR_WIDTH(11)) memory (
        .clk(clk_25mhz), .write_en(line[31]), .write_addr(line[30:20]), .write_data(line[8:0]),
        .read_addr(line[10:0]), .read_data(word)
    );
    assign led_n = 1'b0;
endmodule
"""


def test_a_small_design_becomes_a_bitstream(tmp_path: Path) -> None:
    board = load_board("colorlight_i5")
    source = tmp_path / "colorlight_i5.v"
    source.write_text(TOP)
    work = tmp_path / "work"
    work.mkdir()
    headers = {"colorlight_i5.lpf": render_lpf(board)}
    whole = Design("colorlight_i5", "ecp5", (source, rtl_folder() / "edge_word_ram.v"), headers)
    netlist, reached = map_design(whole, work)
    assert reached == ("colorlight_i5.v", "edge_word_ram.v")
    (multiplier,) = netlist.cells_of("MULT18X18D")
    (memory,) = netlist.cells_of("DP16KD")
    assert multiplier.parameters["REG_INPUTA_CLK"] == multiplier.parameters["REG_OUTPUT_CLK"] == "CLK0"
    assert memory.parameters["REGMODE_B"] == "OUTREG"
    routed = place_and_route(board, netlist.to_json(), work)
    assert routed.fmax_mhz > 50
    # the preamble that begins every configuration: Lattice FPGA-TN-02039
    assert b"\xff\xff\xbd\xb3" in routed.bitstream[:1024]


def test_a_route_outlives_a_failure_of_what_packs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(program: str, _arguments: Sequence[str], folder: Path, **_deadline: float) -> str:
        if program == "yowasp-ecppack":
            raise ToolError("yowasp-ecppack failed: no memory")
        (folder / "routed.cfg").write_text(".device LFE5U-25F\n")
        (folder / "report.json").write_text('{"fmax": {"clk": {"achieved": 61.5}}}')
        return ""

    monkeypatch.setenv("EDGE_RUNTIME_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(place, "run_tool", run)
    work = tmp_path / "work"
    work.mkdir()
    with pytest.raises(
        ToolError, match=r"no memory; the finished route is in .*colorlight_i5-seed3-routed\.cfg"
    ) as raised:
        place_and_route(load_board("colorlight_i5"), "{}", work, seed=3)
    shutil.rmtree(work)
    kept = Path(str(raised.value).split("is in ")[1].split(",")[0])
    assert kept.read_text() == ".device LFE5U-25F\n"
