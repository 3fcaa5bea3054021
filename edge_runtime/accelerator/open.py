"""From the name of an accelerator to an open one."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from edge_runtime.accelerator.base import Accelerator
from edge_runtime.accelerator.bus.base import Bus
from edge_runtime.accelerator.bus.verilator import VerilatorBus
from edge_runtime.accelerator.cpu import CpuAccelerator
from edge_runtime.accelerator.overlay import OverlayAccelerator
from edge_runtime.accelerator.reference import ReferenceAccelerator
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.errors import ConfigError, ToolError

__all__ = ["AcceleratorKind", "open_accelerator"]

AcceleratorKind = Literal["overlay", "reference", "cpu"]


def open_accelerator(
    kind: AcceleratorKind, parameters: OverlayParameters, *, bus: str = "verilator", trace: Path | None = None
) -> Accelerator:
    """Open an accelerator.

    Parameters
    ----------
    kind
        ``overlay``, ``reference`` or ``cpu``.
    parameters
        Of the board's overlay.
    bus
        How the overlay is reached.
    trace
        Write the simulated overlay's waveforms to this file.

    Raises
    ------
    ConfigError
        If there is no such accelerator, or only a simulated overlay can give what was asked for.
    ToolError
        If this release has no such bus yet, or a simulation cannot be built.
    """
    if kind == "overlay":
        return OverlayAccelerator(_open_bus(bus, parameters, trace))
    if trace is not None:
        raise ConfigError(f"accelerator {kind!r} has no waveforms; only a simulated overlay can write {trace}")
    if kind == "reference":
        return ReferenceAccelerator()
    if kind == "cpu":
        return CpuAccelerator()
    raise ConfigError(f"accelerator {kind!r} is unknown; it must be one of {', '.join(get_args(AcceleratorKind))}")


def _open_bus(bus: str, parameters: OverlayParameters, trace: Path | None) -> Bus:
    if bus == "verilator":
        return VerilatorBus(parameters, trace)
    raise ToolError(
        f"the {bus} bus is not there yet: this release reaches overlays in simulation only; "
        "use the board laptop_sim, or accelerator = 'reference' or 'cpu'"
    )
