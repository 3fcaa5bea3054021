"""The hardware hand-off (``.hwh``) of a Zynq board's overlay, for simulation: what Vivado would write.

It has what pynq reads: the processing system with its clocks, the overlay with its registers' address range, its burst
master at a port to the processor's memory, and the memory maps of both. What Vivado puts between them is left out, and
the interrupt line is not wired: a simulation is polled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from edge_runtime.board_files import ZYNQ_TOP
from edge_runtime.boards import Board
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.errors import ConfigError

__all__ = ["CELL", "DRIVER_VLNV", "render_hwh"]

CELL = "edge_overlay_0"
"""The overlay's cell in the block design."""
DRIVER_VLNV = f"xilinx.com:module_ref:{ZYNQ_TOP}:1.0"
"""What Vivado calls the cell's type, and pynq binds the driver by."""

_ZYNQ7, _ZYNQ_PLUS = "processing_system7", "zynq_ultra_ps_e"
_VERSIONS = {_ZYNQ7: "5.5", _ZYNQ_PLUS: "3.3"}
# What the IO PLL gives with the images' settings.
_SOURCE_MHZ = {_ZYNQ7: 1000.0, _ZYNQ_PLUS: 1500.0}
# Signals that a master drives, and those that it takes, with their widths.
_AXIL_DRIVEN = {
    "AWADDR": 22, "AWPROT": 3, "AWVALID": 1, "WDATA": 32, "WSTRB": 4, "WVALID": 1, "BREADY": 1,
    "ARADDR": 22, "ARPROT": 3, "ARVALID": 1, "RREADY": 1,
}  # fmt: skip
_AXIL_TAKEN = {
    "AWREADY": 1, "WREADY": 1, "BRESP": 2, "BVALID": 1, "ARREADY": 1, "RDATA": 32, "RRESP": 2, "RVALID": 1
}  # fmt: skip
_AXI4_DRIVEN = {
    "AWID": 1, "AWADDR": 40, "AWLEN": 8, "AWSIZE": 3, "AWBURST": 2, "AWCACHE": 4, "AWPROT": 3, "AWVALID": 1,
    "WDATA": 64, "WSTRB": 8, "WLAST": 1, "WVALID": 1, "BREADY": 1,
    "ARID": 1, "ARADDR": 40, "ARLEN": 8, "ARSIZE": 3, "ARBURST": 2, "ARCACHE": 4, "ARPROT": 3, "ARVALID": 1,
    "RREADY": 1,
}  # fmt: skip
_AXI4_TAKEN = {
    "AWREADY": 1, "WREADY": 1, "BID": 1, "BRESP": 2, "BVALID": 1,
    "ARREADY": 1, "RID": 1, "RDATA": 64, "RRESP": 2, "RLAST": 1, "RVALID": 1,
}  # fmt: skip


@dataclass(frozen=True)
class _End:
    """One end of a bus: an instance's interface, and what its ports are called by."""

    instance: str
    interface: str
    protocol: str
    prefix: str
    upper: bool

    def port(self, signal: str) -> str:
        return self.prefix + (signal if self.upper else signal.lower())


@dataclass(frozen=True)
class _Wiring:
    """A bus between two ends."""

    name: str
    master: _End
    slave: _End
    driven: Mapping[str, int]
    taken: Mapping[str, int]
    parameters: Mapping[str, object]

    def connect(self, module: Element, own: _End) -> None:
        """Add one end's interface, with its ports, to its module."""
        other = self.slave if own is self.master else self.master
        width = str({**self.driven, **self.taken}["RDATA"])
        interface = SubElement(
            _child(module, "BUSINTERFACES"), "BUSINTERFACE", BUSNAME=self.name, DATAWIDTH=width, NAME=own.interface,
            TYPE="MASTER" if own is self.master else "SLAVE", VLNV="xilinx.com:interface:aximm:1.0",
        )  # fmt: skip
        for key, value in {"DATA_WIDTH": width, "PROTOCOL": own.protocol, **self.parameters}.items():
            SubElement(interface, "PARAMETER", NAME=key, VALUE=str(value))
        maps, ports = SubElement(interface, "PORTMAPS"), _child(module, "PORTS")
        for signal, bits in {**self.driven, **self.taken}.items():
            SubElement(maps, "PORTMAP", LOGICAL=signal, PHYSICAL=own.port(signal))
            side = "O" if (signal in self.driven) == (own is self.master) else "I"
            span = {"LEFT": str(bits - 1), "RIGHT": "0"} if bits > 1 else {}
            port = SubElement(
                ports, "PORT", DIR=side, NAME=own.port(signal), SIGIS="undef",
                SIGNAME=f"{self.name}_{signal.lower()}", attrib=span,
            )  # fmt: skip
            SubElement(SubElement(port, "CONNECTIONS"), "CONNECTION", INSTANCE=other.instance, PORT=other.port(signal))


def _child(parent: Element, tag: str) -> Element:
    found = parent.find(tag)
    return SubElement(parent, tag) if found is None else found


def _control(system: str) -> _Wiring:
    """Return the bus from the processor to the overlay's registers."""
    port = {_ZYNQ7: "M_AXI_GP0", _ZYNQ_PLUS: "M_AXI_HPM0_FPD"}[system]
    master = _End(f"{system}_0", port, "AXI4LITE", f"{port}_", upper=True)
    slave = _End(CELL, "s_axil", "AXI4LITE", "s_axil_", upper=False)
    size = {"ADDR_WIDTH": host_interface().address_width}
    return _Wiring(f"{system}_0_{port}", master, slave, _AXIL_DRIVEN, _AXIL_TAKEN, size)


def _memory(system: str) -> _Wiring:
    """Return the bus from the overlay's burst master to the processor's memory; Zynq-7000's port is an AXI3 one."""
    port, protocol = {_ZYNQ7: ("S_AXI_HP0", "AXI3"), _ZYNQ_PLUS: ("S_AXI_HP0_FPD", "AXI4")}[system]
    master = _End(CELL, "m_axi", "AXI4", "m_axi_", upper=False)
    slave = _End(f"{system}_0", port, protocol, f"{port}_", upper=True)
    return _Wiring(f"{CELL}_m_axi", master, slave, _AXI4_DRIVEN, _AXI4_TAKEN, {"MAX_BURST_LENGTH": 16})


# The lower part of the processor's memory: its address block, and its size on the smallest board.
_MEMORIES = {_ZYNQ7: ("HP0_DDR_LOWOCM", 0x2000_0000), _ZYNQ_PLUS: ("HP0_DDR_LOW", 0x8000_0000)}


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
    vlnv = f"xilinx.com:ip:{system}:{_VERSIONS[system]}"
    module = _module(modules, f"{system}_0", system, vlnv, _clocks(system, board.clock_hz / 1e6))
    control, memory = _control(system), _memory(system)
    control.connect(module, control.master)
    memory.connect(module, memory.slave)
    _map(module, control, "reg0", "REGISTER", base, 1 << host_interface().address_width)


def _overlay(modules: Element, system: str, board: Board) -> None:
    module = _module(modules, CELL, ZYNQ_TOP, DRIVER_VLNV, board.overlay.verilog())
    control, memory = _control(system), _memory(system)
    control.connect(module, control.slave)
    memory.connect(module, memory.master)
    block, size = _MEMORIES[system]
    _map(module, memory, block, "MEMORY", 0, size)


def _map(module: Element, bus: _Wiring, block: str, kind: str, base: int, size: int) -> None:
    """Say what a bus's master, in its module, finds where."""
    SubElement(
        SubElement(module, "MEMORYMAP"), "MEMRANGE", ADDRESSBLOCK=block, BASENAME="C_BASEADDR",
        BASEVALUE=f"0x{base:08X}", HIGHNAME="C_HIGHADDR", HIGHVALUE=f"0x{base + size - 1:08X}",
        INSTANCE=bus.slave.instance, IS_DATA="TRUE", IS_INSTRUCTION="TRUE", MASTERBUSINTERFACE=bus.master.interface,
        MEMTYPE=kind, SLAVEBUSINTERFACE=bus.slave.interface,
    )  # fmt: skip
    SubElement(SubElement(module, "PERIPHERALS"), "PERIPHERAL", INSTANCE=bus.slave.instance)


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
