from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime.boards import load_board
from edge_runtime.errors import ConfigError
from edge_runtime.synthesis.design import Design, board_design, overlay_design
from edge_runtime.synthesis.netlist import Netlist
from edge_runtime.synthesis.place import device_flags
from edge_runtime.synthesis.yosys import synthesise


def design(tmp_path: Path, text: str, **parameters: int) -> Design:
    path = tmp_path / "top.v"
    path.write_text(text)
    return Design("top", "xc7", (path,), {}, parameters)


def test_comments_and_blanks_do_not_count(tmp_path: Path) -> None:
    bare = design(tmp_path, "module top; wire a; endmodule").hash()
    text = "// header\nmodule top; /* a\n wire */\n\n    wire a; // here\nendmodule\n"
    assert design(tmp_path, text).hash() == bare


@pytest.mark.parametrize("text", ["module top; wire b; endmodule", "module top; wirea; endmodule"])
def test_everything_else_counts(tmp_path: Path, text: str) -> None:
    bare = design(tmp_path, "module top; wire a; endmodule").hash()
    assert design(tmp_path, text).hash() != bare
    assert design(tmp_path, "module top; wire a; endmodule", WIDTH=8).hash() != bare


def test_a_string_is_no_comment(tmp_path: Path) -> None:
    assert design(tmp_path, 'x = "a // b";').hash() != design(tmp_path, 'x = "a // c";').hash()


def test_the_overlay_has_the_boards_parameters(tmp_path: Path) -> None:
    found = overlay_design(load_board("pynq_z2"))
    assert (found.top, found.family) == ("edge_overlay_axi", "xc7")
    assert found.parameters["K_LANES"] == 24
    files = found.gather(tmp_path)
    assert {"edge_overlay_axi.v", "edge_engine.v"} <= set(files)
    assert all((tmp_path / name).is_file() for name in [*files, "edge_host_interface.vh"])


@pytest.mark.parametrize("board", ["ulx3s_85f", "colorlight_i5"])
def test_a_boards_design_has_its_header_and_its_pins(board: str, tmp_path: Path) -> None:
    found = board_design(load_board(board))
    found.gather(tmp_path)
    assert found.top == board
    assert "LOCATE COMP" in (tmp_path / f"{board}.lpf").read_text()
    assert "EDGE_BOARD_OVERLAY_PARAMETERS" in (tmp_path / "edge_board.vh").read_text()


def test_the_part_is_told_to_nextpnr() -> None:
    assert device_flags(load_board("ulx3s_85f")) == ["--85k", "--speed", "6", "--package", "CABGA381"]
    assert device_flags(load_board("colorlight_i5")) == ["--25k", "--speed", "6", "--package", "CABGA381"]
    with pytest.raises(ConfigError, match="no open place and route for xc7z020clg400-1"):
        device_flags(load_board("pynq_z2"))
    part = load_board("ulx3s_85f").part
    with pytest.raises(ConfigError, match="LFE5UM"):
        device_flags(load_board("ulx3s_85f").model_copy(update={"part": part.model_copy(update={"device": "LFE5UM"})}))


def test_a_design_is_what_it_is_made_of(tmp_path: Path) -> None:
    one = design(tmp_path, "module top; endmodule")
    assert replace(one, family="ecp5").hash() != one.hash()
    assert replace(one, headers={"a.vh": "`define A 1"}).hash() != one.hash()


def test_a_boards_own_cells_are_known_to_yosys(tmp_path: Path) -> None:
    """The PLL is no module of ours: Yosys finds it in its library."""
    board = board_design(load_board("colorlight_i5"))
    files = tuple(path for path in board.files if path.name == "edge_ecp5_clock.v")
    made = synthesise(replace(board, top="edge_ecp5_clock", files=files), tmp_path)
    assert len(Netlist(made.netlist, "edge_ecp5_clock").cells_of("EHXPLLL")) == 1


TOP = """
module top #(parameter WIDE = 0) (input wire clk, input wire a, output wire y);
    generate
        if (WIDE) begin : gen_wide
            wide #(.WIDTH(8)) part (.clk(clk), .a(a), .y(y));
        end else begin : gen_narrow
            narrow part (.clk(clk), .a(a), .y(y));
        end
    endgenerate
endmodule
"""
PART = """
module {name} #(parameter WIDTH = 1) (input wire clk, input wire a, output reg y);
    always @(posedge clk) y <= a;
endmodule
"""


@pytest.mark.parametrize(("wide", "reached"), [(0, ("top.v", "narrow.v")), (1, ("top.v", "wide.v"))])
def test_the_files_that_a_top_reaches_depend_on_its_parameters(
    tmp_path: Path, wide: int, reached: tuple[str, ...]
) -> None:
    top = design(tmp_path, TOP, WIDE=wide)
    files = {name: tmp_path / f"{name}.v" for name in ("narrow", "wide", "unused")}
    for name, path in files.items():
        path.write_text(PART.format(name=name))
    whole = replace(top, family="ecp5", files=(*top.files, *files.values()))
    (tmp_path / "work").mkdir()
    assert synthesise(whole, tmp_path / "work").reached == reached
    before = whole.hash(reached), whole.hash()
    files["unused"].write_text(PART.format(name="unused") + "// more\nmodule more; endmodule\n")
    assert whole.hash(reached) == before[0]
    assert whole.hash() != before[1]
    (tmp_path / reached[1]).write_text("module narrow; endmodule")
    assert whole.hash(reached) != before[0]


def test_a_file_that_is_gone_changes_the_hash(tmp_path: Path) -> None:
    one = design(tmp_path, "module top; endmodule")
    assert one.hash(["top.v"]) != one.hash(["top.v", "gone.v"])
