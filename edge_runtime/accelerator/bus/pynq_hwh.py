"""The hardware hand-off (``.hwh``) of a Zynq board's overlay, for simulation: what Vivado would write.

It has what pynq reads: the processing system with its clocks, the overlay with its registers' address range, and the
memory map between them. The interrupt line is not wired: a simulation is polled.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from edge_runtime.boards import Board
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.errors import ConfigError

__all__ = ["CELL", "driver_vlnv", "render_hwh"]

CELL = "edge_overlay_0"
"""The overlay's cell in the block design."""

_ZYNQ7, _ZYNQ_PLUS = "processing_system7", "zynq_ultra_ps_e"
_MASTERS = {_ZYNQ7: "M_AXI_GP0", _ZYNQ_PLUS: "M_AXI_HPM0_FPD"}
_VERSIONS = {_ZYNQ7: "5.5", _ZYNQ_PLUS: "3.3"}
# What the IO PLL gives with the images' settings.
_SOURCE_MHZ = {_ZYNQ7: 1000.0, _ZYNQ_PLUS: 1500.0}
_AXIL = {
    "AWADDR": "I", "AWVALID": "I", "AWREADY": "O", "WDATA": "I", "WSTRB": "I", "WVALID": "I", "WREADY": "O",
    "BRESP": "O", "BVALID": "O", "BREADY": "I", "ARADDR": "I", "ARVALID": "I", "ARREADY": "O",
    "RDATA": "O", "RRESP": "O", "RVALID": "O", "RREADY": "I",
}  # fmt: skip


def driver_vlnv(board_name: str) -> str:
    """Return the VLNV that Vivado gives to a board's cell, and that pynq binds the driver by."""
    return f"xilinx.com:module_ref:{board_name}:1.0"


def render_hwh(board: Board) -> str:
    """Return the ``.hwh`` of a Zynq board.

    Raises
    ------
    ConfigError
        If it is no Zynq board.
    """
    if board.pynq is None:
        raise ConfigError(f"board {board.name!r} has no .hwh; its bus is {board.bus!r}")
    system = _ZYNQ7 if board.part.family == "xc7" else _ZYNQ_PLUS
    root = Element("EDKSYSTEM", EDWVERSION="1.2", TIMESTAMP="simulation", VIVADOVERSION="simulation")
    SubElement(
        root, "SYSTEMINFO", ARCH="zynq" if system == _ZYNQ7 else "zynquplus", DEVICE=board.part.device, NAME=board.name
    )
    SubElement(root, "EXTERNALPORTS")
    SubElement(root, "EXTERNALINTERFACES")
    modules = SubElement(root, "MODULES")
    _processing_system(modules, system, board, board.pynq.base_address)
    _overlay(modules, system, board)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8" standalone="no" ?>\n' + tostring(root, encoding="unicode") + "\n"


def _module(modules: Element, instance: str, name: str, vlnv: str, parameters: Mapping[str, object]) -> Element:
    module = SubElement(
        modules, "MODULE", FULLNAME=f"/{instance}", HWVERSION=vlnv.rpartition(":")[2], INSTANCE=instance,
        IPTYPE="PERIPHERAL", IS_ENABLE="1", MODCLASS="PERIPHERAL", MODTYPE=name, VLNV=vlnv,
    )  # fmt: skip
    table = SubElement(module, "PARAMETERS")
    for key, value in parameters.items():
        SubElement(table, "PARAMETER", NAME=key, VALUE=str(value))
    return module


def _processing_system(modules: Element, system: str, board: Board, base: int) -> None:
    instance = f"{system}_0"
    vlnv = f"xilinx.com:ip:{system}:{_VERSIONS[system]}"
    module = _module(modules, instance, system, vlnv, _clocks(system, board.clock_hz / 1e6))
    master = _MASTERS[system]
    _bus(module, master, "MASTER", master + "_", CELL, "s_axil_", reverse=True)
    size = 1 << host_interface().address_width
    memory = SubElement(module, "MEMORYMAP")
    SubElement(
        memory, "MEMRANGE", ADDRESSBLOCK="reg0", BASENAME="C_BASEADDR", BASEVALUE=f"0x{base:08X}",
        HIGHNAME="C_HIGHADDR",
        HIGHVALUE=f"0x{base + size - 1:08X}", INSTANCE=CELL, IS_DATA="TRUE", IS_INSTRUCTION="TRUE",
        MASTERBUSINTERFACE=master, MEMTYPE="REGISTER", SLAVEBUSINTERFACE="s_axil",
    )  # fmt: skip
    SubElement(SubElement(module, "PERIPHERALS"), "PERIPHERAL", INSTANCE=CELL)


def _overlay(modules: Element, system: str, board: Board) -> None:
    module = _module(modules, CELL, board.name, driver_vlnv(board.name), board.overlay.verilog())
    _bus(module, "s_axil", "SLAVE", "s_axil_", f"{system}_0", _MASTERS[system] + "_", reverse=False)


def _bus(module: Element, name: str, kind: str, prefix: str, other: str, other_prefix: str, *, reverse: bool) -> None:
    """Add an AXI4-Lite interface with its ports, each connected to the other side's."""
    interfaces = SubElement(module, "BUSINTERFACES")
    interface = SubElement(
        interfaces,
        "BUSINTERFACE",
        BUSNAME="axil",
        DATAWIDTH="32",
        NAME=name,
        TYPE=kind,
        VLNV="xilinx.com:interface:aximm:1.0",
    )
    SubElement(interface, "PARAMETER", NAME="PROTOCOL", VALUE="AXI4LITE")
    maps, ports = SubElement(interface, "PORTMAPS"), SubElement(module, "PORTS")
    for signal, direction in _AXIL.items():
        own = prefix + (signal if reverse else signal.lower())
        there = other_prefix + (signal.lower() if reverse else signal)
        SubElement(maps, "PORTMAP", LOGICAL=signal, PHYSICAL=own)
        side = {"I": "O", "O": "I"}[direction] if reverse else direction
        port = SubElement(ports, "PORT", DIR=side, NAME=own, SIGIS="undef", SIGNAME=f"axil_{signal.lower()}")
        SubElement(SubElement(port, "CONNECTIONS"), "CONNECTION", INSTANCE=other, PORT=there)


def _clocks(system: str, clock_mhz: float) -> dict[str, object]:
    """Return the parameters of the first PL clock, which is on, and of the other three."""
    parameters: dict[str, object] = {}
    divider = round(_SOURCE_MHZ[system] / clock_mhz)
    for index in range(4):
        first = divider if index == 0 else 1
        if system == _ZYNQ7:
            parameters[f"PCW_EN_CLK{index}_PORT"] = int(index == 0)
            parameters[f"PCW_FPGA_FCLK{index}_ENABLE"] = int(index == 0)
            parameters[f"PCW_FCLK{index}_PERIPHERAL_DIVISOR0"] = first
            parameters[f"PCW_FCLK{index}_PERIPHERAL_DIVISOR1"] = 1
            parameters[f"PCW_ACT_FPGA{index}_PERIPHERAL_FREQMHZ"] = clock_mhz
        else:
            parameters[f"PSU__FPGA_PL{index}_ENABLE"] = int(index == 0)
            parameters[f"PSU__CRL_APB__PL{index}_REF_CTRL__DIVISOR0"] = first
            parameters[f"PSU__CRL_APB__PL{index}_REF_CTRL__DIVISOR1"] = 1
            parameters[f"PSU__CRL_APB__PL{index}_REF_CTRL__SRCSEL"] = "IOPLL"
            parameters[f"PSU__CRL_APB__PL{index}_REF_CTRL__ACT_FREQMHZ"] = clock_mhz
    return parameters
