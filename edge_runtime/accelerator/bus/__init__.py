"""How a driver reaches an overlay."""

from edge_runtime.accelerator.bus.base import Bus
from edge_runtime.accelerator.bus.emulated import EmulatedBus
from edge_runtime.accelerator.bus.fake import FakeBus
from edge_runtime.accelerator.bus.serial_simulation import SimulatedSerialBoard, SimulatedUartBus
from edge_runtime.accelerator.bus.uart import UartBus
from edge_runtime.accelerator.bus.verilator import VerilatorBus

__all__ = [
    "Bus",
    "EmulatedBus",
    "FakeBus",
    "SimulatedSerialBoard",
    "SimulatedUartBus",
    "UartBus",
    "VerilatorBus",
]
