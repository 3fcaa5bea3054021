"""The hand-off that simulation generates has the structure of those that come with pynq's own packages."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pynqmetadata
import pytest

from edge_runtime.accelerator.bus.pynq_hwh import CELL, render_hwh
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
    system = next(module for module in root.iter("MODULE") if module.get("INSTANCE") != CELL)
    named = {parameter.get("NAME") for parameter in system.iter("PARAMETER")}
    shipped = [
        {parameter.get("NAME") for parameter in module.iter("PARAMETER")}
        for file in SHIPPED
        for module in ElementTree.parse(file).getroot().iter("MODULE")
        if module.get("MODTYPE") == system.get("MODTYPE")
    ]
    assert shipped, "pynq ships a design with this processing system"
    assert any(named - {"PROTOCOL"} <= names for names in shipped), sorted(named - set().union(*shipped))


# What says where, apart from names of instances and the port's number (HP0, HP2).
PLACES = ("BASENAME", "BASEVALUE", "HIGHNAME", "HIGHVALUE", "IS_DATA", "IS_INSTRUCTION", "MEMTYPE")


def memory_of_masters(root):
    """Return, for each master that reaches the processor's memory, what its map says and what its port speaks."""
    for module in root.iter("MODULE"):
        for found in module.iter("MEMRANGE"):
            if found.get("MEMTYPE") == "MEMORY":
                master = interface(module, found.get("MASTERBUSINTERFACE"))
                (system,) = (m for m in root.iter("MODULE") if m.get("INSTANCE") == found.get("INSTANCE"))
                slave = interface(system, found.get("SLAVEBUSINTERFACE"))
                block = found.get("ADDRESSBLOCK").partition("_")[2]
                places = (system.get("MODTYPE"), block, *(found.get(name) for name in PLACES))
                yield places, (master.get("TYPE"), protocol(master)), (slave.get("TYPE"), protocol(slave))


def interface(module, name):
    (found,) = (bus for bus in module.iter("BUSINTERFACE") if bus.get("NAME") == name)
    return found


def protocol(bus):
    return next(parameter.get("VALUE") for parameter in bus.iter("PARAMETER") if parameter.get("NAME") == "PROTOCOL")


@pytest.mark.parametrize("name", ZYNQ)
def test_the_burst_master_reaches_memory_as_those_of_vivados_designs_do(name):
    shipped = {row for file in SHIPPED for row in memory_of_masters(ElementTree.parse(file).getroot())}
    (ours,) = memory_of_masters(ElementTree.fromstring(render_hwh(load_board(name))))
    assert ours in shipped


@pytest.mark.parametrize("name", ZYNQ)
def test_both_ends_of_every_wire_say_the_same(name):
    root = ElementTree.fromstring(render_hwh(load_board(name)))
    ports = {(m.get("INSTANCE"), port.get("NAME")): port for m in root.iter("MODULE") for port in m.iter("PORT")}
    for (instance, here), port in ports.items():
        (there,) = port.iter("CONNECTION")
        other = ports[there.get("INSTANCE"), there.get("PORT")]
        (back,) = other.iter("CONNECTION")
        assert (back.get("INSTANCE"), back.get("PORT")) == (instance, here)
        assert {port.get("DIR"), other.get("DIR")} == {"I", "O"}
        assert [port.get(key) for key in ("LEFT", "SIGNAME")] == [other.get(key) for key in ("LEFT", "SIGNAME")]
