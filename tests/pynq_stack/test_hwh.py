"""The hand-off that simulation generates has the structure of those that come with pynq's own packages."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pynqmetadata
import pytest

from edge_runtime.accelerator.bus.pynq_hwh import render_hwh
from edge_runtime.boards import list_boards, load_board

SHIPPED = sorted((Path(pynqmetadata.__file__).parent / "tests" / "hwhs").glob("*.hwh"))
ZYNQ = [name for name in list_boards() if load_board(name).bus == "pynq"]


def structure(element, path=""):
    """Every element's place, and every attribute of it."""
    here = f"{path}/{element.tag}"
    yield here
    for name in element.attrib:
        yield f"{here}@{name}"
    for child in element:
        yield from structure(child, here)


@pytest.fixture(scope="module")
def vivados():
    assert SHIPPED
    return {place for file in SHIPPED for place in structure(ElementTree.parse(file).getroot())}


@pytest.mark.parametrize("name", ZYNQ)
def test_each_element_and_attribute_is_one_of_vivados(name, vivados):
    ours = set(structure(ElementTree.fromstring(render_hwh(load_board(name)))))
    assert sorted(ours - vivados) == []
    modules = "/EDKSYSTEM/MODULES/MODULE"
    assert {f"{modules}/MEMORYMAP/MEMRANGE@BASEVALUE", f"{modules}/BUSINTERFACES/BUSINTERFACE/PORTMAPS/PORTMAP"} <= ours


@pytest.mark.parametrize("name", ZYNQ)
def test_the_processing_system_is_configured_as_vivado_names_it(name):
    root = ElementTree.fromstring(render_hwh(load_board(name)))
    system = next(module for module in root.iter("MODULE") if module.get("MODTYPE") != name)
    named = {parameter.get("NAME") for parameter in system.iter("PARAMETER")}
    shipped = [
        {parameter.get("NAME") for parameter in module.iter("PARAMETER")}
        for file in SHIPPED
        for module in ElementTree.parse(file).getroot().iter("MODULE")
        if module.get("MODTYPE") == system.get("MODTYPE")
    ]
    assert shipped, "pynq ships a design with this processing system"
    assert any(named - {"PROTOCOL"} <= names for names in shipped), sorted(named - set().union(*shipped))
