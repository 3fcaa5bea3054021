from __future__ import annotations

import re

import pytest

from edge_runtime.board_files import board_sources, board_top, plan_ecp5_pll, render_board_header, render_lpf
from edge_runtime.boards import list_boards, load_board
from edge_runtime.errors import ConfigError

SERIAL = [name for name in list_boards() if load_board(name).bus == "uart"]


@pytest.mark.parametrize(
    ("oscillator", "clock"), [(25e6, 50e6), (25e6, 37.5e6), (25e6, 62.5e6), (25e6, 100e6), (12e6, 48e6)]
)
def test_the_plls_dividers_make_the_clock(oscillator, clock):
    pll = plan_ecp5_pll(oscillator, clock)
    assert oscillator * pll.feedback_div / pll.input_div == clock
    assert 400e6 <= clock * pll.output_div <= 800e6
    assert oscillator / pll.input_div >= 10e6


@pytest.mark.parametrize("clock", [33.1e6, 60e6, 3e6, 900e6])
def test_a_clock_that_the_pll_cannot_make_is_refused(clock):
    with pytest.raises(ConfigError, match=r"cannot make .* MHz from 25 MHz"):
        plan_ecp5_pll(25e6, clock)


@pytest.mark.parametrize("name", SERIAL)
def test_the_header_has_every_parameter_of_the_overlay(name):
    board = load_board(name)
    header = render_board_header(board)
    expected = {**board.overlay.verilog(), "TABLES_IN_LUTS": 0}
    assert dict(re.findall(r"\.(\w+)\((\d+)\)", header)) == {k: str(v) for k, v in expected.items()}
    assert f"`define EDGE_BOARD_CLOCK_HZ {round(board.clock_hz)}\n" in header
    assert f"`define EDGE_BOARD_BAUD {board.serial.baud}\n" in header


@pytest.mark.parametrize("name", SERIAL)
def test_a_simulated_line_takes_16_clocks_a_bit(name):
    header = render_board_header(load_board(name), simulated=True)
    assert "CLOCK_HZ 16\n" in header
    assert "BAUD 1\n" in header


@pytest.mark.parametrize("name", SERIAL)
def test_every_port_of_the_top_has_its_place_and_no_other(name):
    board = load_board(name)
    text = board_sources(board)[0].read_text()
    ports = set()
    for width, port in re.findall(r"^    (?:input|output) +wire +(?:\[(\d+):0\] +)?(\w+),?$", text, re.M):
        ports |= {f"{port}[{bit}]" for bit in range(int(width) + 1)} if width else {port}
    constraints = render_lpf(board)
    assert ports == set(board.pins) == set(re.findall(r'LOCATE COMP "([^"]+)" SITE', constraints))
    sites = re.findall(r'SITE "(\w+)"', constraints)
    assert len(set(sites)) == len(sites)
    assert 'FREQUENCY PORT "clk_25mhz" 25 MHZ;' in constraints


def test_a_board_without_a_top_says_so():
    with pytest.raises(ConfigError, match="has no top"):
        board_sources(load_board("laptop_sim"))


def test_zynq_boards_share_one_top():
    tops = {board_top(load_board(name)) for name in list_boards() if load_board(name).bus == "pynq"}
    assert tops == {"edge_zynq_top"}
    assert board_sources(load_board("kv260"))[0].name == "edge_zynq_top.v"


def test_only_ecp5_boards_have_lpf_files():
    with pytest.raises(ConfigError, match="only ecp5"):
        render_lpf(load_board("pynq_z2"))
