"""The places that the array's multipliers and memories are given on an ECP5-85."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest

from edge_runtime.synthesis.floorplan import fix_places
from edge_runtime.synthesis.netlist import Netlist

ULX3S = "LFE5U-85F-6BG381C"
ENGINE = "system.overlay.engine."
SITE = re.compile(r"X(\d+)/Y(\d+)/(\w+)$")


def netlist(lanes: int, channels: int, banks: int) -> Netlist:
    cells: dict[str, Any] = {}

    def cell(name: str, kind: str) -> None:
        cells[ENGINE + name] = {"type": kind, "parameters": {}, "connections": {}}

    for pair in range(channels // 2):
        for lane in range(lanes):
            chain = f"array_unit.mac_array.gen_pair[{pair}].gen_chain[{lane // 4}].chain.gen_plain.gen_lane[{lane % 4}]"
            cell(f"{chain}.low_product_TRELLIS_FF_Q_DI_MULT18X18D_P7", "MULT18X18D")
            cell(f"{chain}.high_product_TRELLIS_FF_Q_9_DI_MULT18X18D_P1", "MULT18X18D")
    for column in range(lanes * channels // 4):
        for part in range(2):
            cell(f"array_unit.weight_memory.gen_column[{column}].column.mem.0.{part}", "DP16KD")
    for bank in range(banks):
        for part in range(4):
            cell(f"activations.memory.gen_bank[{bank}].bank.mem.0.{part}", "DP16KD")
    cell("array_unit.requantizer.gen_lane[0].lane.high_high_MULT18X18D_P3", "MULT18X18D")
    module = {"ports": {}, "cells": cells, "netnames": {}}
    return Netlist(json.dumps({"modules": {"top": module}}), "top")


def sites(placed: Netlist, pattern: str) -> dict[str, tuple[int, int, str]]:
    found = {}
    for name, cell in placed.cells.items():
        if re.search(pattern, name) and "BEL" in cell.attributes:
            column, row, site = SITE.match(cell.attributes["BEL"]).groups()  # type: ignore[union-attr]
            found[name] = (int(column), int(row), site)
    return found


def test_every_site_is_taken_once_and_what_is_not_the_array_stays_free() -> None:
    placed = netlist(8, 16, 8)
    assert fix_places(placed, ULX3S) == 128 + 64 + 32
    taken = Counter(cell.attributes["BEL"] for cell in placed.cells.values() if "BEL" in cell.attributes)
    assert len(taken) == 224
    assert set(taken.values()) == {1}
    assert not sites(placed, "requantizer")


@pytest.mark.parametrize(("lanes", "channels", "banks"), [(16, 4, 16), (8, 12, 32), (4, 32, 8), (24, 4, 32)])
def test_other_shapes_take_sites_of_the_part_only(lanes: int, channels: int, banks: int) -> None:
    placed = netlist(lanes, channels, banks)
    assert fix_places(placed, ULX3S) >= 2 * lanes * channels // 4
    taken = sites(placed, "")
    assert len(set(taken.values())) == len(taken)


def test_the_sites_are_those_of_the_part() -> None:
    placed = netlist(8, 16, 8)
    fix_places(placed, ULX3S)
    assert {row for _, row, _ in sites(placed, "mac_array").values()} == {10, 34, 58}
    assert {row for _, row, _ in sites(placed, "weight_memory").values()} == {22, 46}
    assert {row for _, row, _ in sites(placed, "activations").values()} == {70, 82}
    for column, _, site in sites(placed, "mac_array").values():
        assert (column - int(site[-1]) - 4) % 9 == 0 or (column - int(site[-1]) - 69) % 9 == 0
    for column, _, site in sites(placed, "mem").values():
        assert (column - 2 * int(site[-1]) - 4) % 9 == 0 or (column - 2 * int(site[-1]) - 69) % 9 == 0


def test_a_weight_is_beside_the_multiplier_that_takes_it() -> None:
    placed = netlist(8, 16, 8)
    fix_places(placed, ULX3S)
    products = sites(placed, "mac_array")
    for name, (column, row, _) in sites(placed, "weight_memory").items():
        number, part = (int(text) for text in re.search(r"gen_column\[(\d+)\].*\.(\d)$", name).groups())  # type: ignore[union-attr]
        lane, quad = divmod(number, 4)
        place = rf"gen_pair\[{2 * quad + part}\]\.gen_chain\[{lane // 4}\].*gen_lane\[{lane % 4}\]"
        takers = [site for product, site in products.items() if re.search(place, product)]
        assert len(takers) == 2
        assert all(abs(column - x) <= 9 and abs(row - y) == 12 for x, y, _ in takers)


@pytest.mark.parametrize(
    ("lanes", "channels", "device"),
    [(8, 16, "LFE5U-25F-6BG381C"), (16, 8, ULX3S), (8, 0, ULX3S)],
    ids=["unknown sites", "stretches too long", "no array"],
)
def test_without_a_plan_nothing_is_fixed(lanes: int, channels: int, device: str) -> None:
    placed = netlist(lanes, channels, 8)
    assert fix_places(placed, device) == 0
    assert not sites(placed, "")
