"""What the benches share: the clock, reset, and numbers in wide signals.

A bench works in cycles: after ``await cycle(dut)`` it reads what the outputs were during the cycle that ends there, and
sets the inputs of the next one.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable
from typing import Any

import cocotb
import numpy as np
import numpy.typing as npt
from cocotb.clock import Clock
from cocotb.handle import SimHandleBase
from cocotb.triggers import RisingEdge, Timer

__all__ = ["PERIOD_NS", "cycle", "cycles", "pack", "parameters", "signed", "start", "unpack"]

PERIOD_NS = 10
# Far more than any bench takes: a module that does not answer fails its test and does not hold up the others.
_DEADLINE_CYCLES = 100_000


def parameters() -> dict[str, int]:
    """Return the Verilog parameters that the module under test was built with."""
    return dict(ast.literal_eval(os.environ["RTL_PARAMETERS"]))


async def start(dut: SimHandleBase, **inputs: int) -> None:
    """Set these inputs, start the clock, and hold the reset, if there is one, for three cycles.

    From here on the bench has a deadline.
    """
    cocotb.start_soon(_give_up())
    for name, value in inputs.items():
        getattr(dut, name).value = value
    Clock(dut.clk, PERIOD_NS, "ns").start()
    if hasattr(dut, "rst"):
        dut.rst.value = 1
        await cycles(dut, 3)
        dut.rst.value = 0
    await cycle(dut)


async def _give_up() -> None:
    await Timer(_DEADLINE_CYCLES * PERIOD_NS, "ns")
    raise TimeoutError(f"the bench is not over after {_DEADLINE_CYCLES} cycles")


async def cycle(dut: SimHandleBase) -> None:
    """Wait for the end of the present cycle."""
    await RisingEdge(dut.clk)


async def cycles(dut: SimHandleBase, count: int) -> None:
    """Wait for this many cycles."""
    for _ in range(count):
        await RisingEdge(dut.clk)


def pack(values: Iterable[int], width: int) -> int:
    """Put numbers (signed or not) into one wide signal, the first at the bottom."""
    mask = (1 << width) - 1
    packed = 0
    for place, value in enumerate(values):
        packed |= (int(value) & mask) << (place * width)
    return packed


def unpack(signal: Any, width: int) -> npt.NDArray[np.int64]:
    """Return the signed numbers of `width` bits in a wide signal, the lowest first."""
    value = int(signal.value)
    mask = (1 << width) - 1
    return np.array([signed(value >> low & mask, width) for low in range(0, len(signal), width)], np.int64)


def signed(value: int, width: int) -> int:
    """Read the lowest `width` bits as two's complement."""
    value &= (1 << width) - 1
    return value - (1 << width) if value >> (width - 1) else value
