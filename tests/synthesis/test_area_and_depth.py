from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from edge_runtime.boards import load_board
from edge_runtime.synthesis.area import count_area, misfits
from edge_runtime.synthesis.depth import deepest_path
from edge_runtime.synthesis.netlist import Netlist

OUTPUTS = {"Q", "O", "CO", "P", "DO", "DOA", "DOB"}


def netlist(*cells: tuple[str, str, Mapping[str, Sequence[Any]]], **parameters: str) -> Netlist:
    """(name, type, connections) of each cell."""
    described = {
        name: {
            "type": kind,
            "parameters": dict(parameters),
            "port_directions": {port: "output" if port in OUTPUTS else "input" for port in connections},
            "connections": {port: list(bits) for port, bits in connections.items()},
        }
        for name, kind, connections in cells
    }
    names = {
        f"net_{name}": {"bits": bits, "hide_name": 0}
        for name, _, connections in cells
        for port, bits in connections.items()
        if port in OUTPUTS
    }
    return Netlist(
        json.dumps({"modules": {"top": {"ports": {}, "cells": described, "netnames": names}}}),
        "top",
    )


def test_cells_are_counted_by_what_they_take() -> None:
    area = count_area(
        netlist(
            ("a", "LUT6", {"O": [1]}),
            ("b", "RAM32M", {"O": [2]}),
            ("c", "SRL16E", {"Q": [3]}),
            ("d", "FDRE", {"Q": [4]}),
            ("e", "RAMB18E1", {"DO": [5]}),
            ("f", "RAMB36E1", {"DO": [6]}),
            ("g", "DSP48E1", {"P": [7]}),
            ("h", "CARRY4", {"CO": [8]}),
            PREG="1",
        )
    )
    assert (area.lut, area.ff, area.dsp, area.bram36) == (1 + 4 + 1, 1, 1, 1.5)
    assert (area.dsp_registered, area.bram_cells, area.bram_registered) == (1, 2, 0)


def test_a_memory_is_registered_if_registers_are_all_that_reads_it() -> None:
    memory = ("m", "RAMB36E1", {"DO": [1, 2]})
    registers = [("r1", "FDRE", {"D": [1], "Q": [3]}), ("r2", "FDRE", {"D": [2], "Q": [4]})]
    assert count_area(netlist(memory, *registers)).bram_registered == 1
    assert count_area(netlist(memory, *registers, ("l", "LUT2", {"I0": [2], "O": [5]}))).bram_registered == 0


def test_what_does_not_fit_is_named_with_both_numbers() -> None:
    part = load_board("pynq_z2").part
    multipliers = [(f"d{n}", "DSP48E1", {"P": [n]}) for n in range(221)]
    assert misfits(count_area(netlist(*multipliers)), part) == ["221 multipliers of 220"]
    assert misfits(count_area(netlist(*multipliers[:220])), part) == []


def test_the_deepest_path_goes_from_register_to_register() -> None:
    found = deepest_path(
        netlist(
            ("from", "FDRE", {"D": ["0"], "Q": [1]}),
            ("one", "LUT2", {"I0": [1], "I1": ["1"], "O": [2]}),
            ("two", "LUT3", {"I0": [2], "I1": [1], "O": [3]}),
            ("three", "LUT1", {"I0": [3], "O": [4]}),
            ("to", "FDRE", {"D": [4], "Q": [9]}),
        )
    )
    assert (found.levels, found.carries, found.start, found.end) == (3, 0, "net_from", "net_to")


def test_a_carry_chain_costs_nothing_but_is_counted() -> None:
    found = deepest_path(
        netlist(
            ("from", "FDRE", {"Q": [1]}),
            ("in", "LUT2", {"I0": [1], "O": [2]}),
            ("low", "CARRY4", {"S": [2], "CO": [3]}),
            ("high", "CARRY4", {"CI": [3], "O": [4]}),
            ("to", "DSP48E1", {"A": [4], "P": [5]}),
        )
    )
    assert (found.levels, found.carries) == (1, 2)


@pytest.mark.parametrize(
    ("kind", "read_address", "out", "strobe"),
    [
        ("RAM32M", "ADDRA", "DOA", "WE"),
        ("RAM64M", "ADDRB", "DOB", "DIB"),
        ("RAM256X1S", "A", "O", "D"),
        ("TRELLIS_DPR16X4", "RAD", "DO", "WAD"),
    ],
)
def test_distributed_memory_is_read_within_a_cycle_and_written_at_its_end(
    kind: str, read_address: str, out: str, strobe: str
) -> None:
    cells = [
        ("from", "FDRE", {"Q": [1]}),
        ("deep", "LUT2", {"I0": [1], "O": [2]}),
        ("deeper", "LUT2", {"I0": [2], "O": [3]}),
        ("deepest", "LUT2", {"I0": [3], "O": [4]}),
        ("after", "LUT1", {"I0": [5], "O": [6]}),
        ("to", "FDRE", {"D": [6], "Q": [9]}),
    ]
    read = deepest_path(netlist(*cells, ("memory", kind, {read_address: [3], strobe: [1], out: [5]})))
    assert (read.levels, read.end) == (4, "net_to")
    written = deepest_path(netlist(*cells, ("memory", kind, {read_address: [1], strobe: [4], out: [5]})))
    assert (written.levels, written.end) == (3, "net_memory")


def test_a_chain_of_thousands_is_no_trouble() -> None:
    chain = [(f"l{n}", "LUT1", {"I0": [n], "O": [n + 1]}) for n in range(5000)]
    end = ("to", "FDRE", {"D": [5000], "Q": [9999]})
    assert deepest_path(netlist(*chain, end)).levels == 5000


def test_a_ring_of_look_up_tables_ends() -> None:
    ring = [("a", "LUT2", {"I0": [2], "O": [1]}), ("b", "LUT2", {"I0": [1], "O": [2]})]
    assert deepest_path(netlist(*ring, ("to", "FDRE", {"D": [1], "Q": [3]}))).levels >= 1
