"""How a driver reaches an overlay."""

from edge_runtime.accelerator.bus.base import Bus, SharedBuffer
from edge_runtime.accelerator.bus.emulated import EmulatedBus
from edge_runtime.accelerator.bus.fake import FakeBus
from edge_runtime.accelerator.bus.pynq import PynqBus, open_pynq_bus
from edge_runtime.accelerator.bus.pynq_simulation import SimulatedPynqBus, simulated_device
from edge_runtime.accelerator.bus.serial_simulation import SimulatedSerialBoard, SimulatedUartBus
from edge_runtime.accelerator.bus.uart import UartBus
from edge_runtime.accelerator.bus.verilator import VerilatorBus

__all__ = [
    "Bus",
    "EmulatedBus",
    "FakeBus",
    "PynqBus",
    "SharedBuffer",
    "SimulatedPynqBus",
    "SimulatedSerialBoard",
    "SimulatedUartBus",
    "UartBus",
    "VerilatorBus",
    "open_pynq_bus",
    "simulated_device",
]
