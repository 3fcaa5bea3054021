"""edge_window_decoder against the ranges that the host interface gives to the windows."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import Timer

from edge_runtime.compiler.host_interface import host_interface
from rtl.clocking import parameters

INTERFACE = host_interface()
WORDS = 1 << INTERFACE.address_width - 2
# From the lowest bit of the output: each window's first word, and the words that are there.
RANGES = [
    (INTERFACE.windows[window].offset // 4, 1 << parameters()[width])
    for window, width in (
        ("REGISTERS", "REGISTER_WORD_WIDTH"),
        ("TABLES", "TABLE_WORD_WIDTH"),
        ("PROGRAM", "PROGRAM_WORD_WIDTH"),
        ("VECTOR_PARAMETERS", "VEC_PARAM_WORD_WIDTH"),
        ("ACTIVATIONS", "ACT_WORD_WIDTH"),
        ("PARAMETERS", "PARAM_WORD_WIDTH"),
        ("STAMPS", "STAMP_WORD_WIDTH"),
        ("VECTOR_WEIGHTS", "VEC_WEIGHT_WORD_WIDTH"),
        ("WEIGHTS", "WEIGHT_WORD_WIDTH"),
    )
]


def expected(addr: int) -> int:
    return sum(1 << bit for bit, (first, words) in enumerate(RANGES) if first <= addr < first + words)


async def check(dut, addr: int) -> None:
    dut.addr.value = addr
    await Timer(1, "ns")
    assert int(dut.window.value) == expected(addr), f"word address {addr:#x}"


@cocotb.test()
async def edges_of_every_window(dut):
    for bit, (first, words) in enumerate(RANGES):
        assert expected(first) == expected(first + words - 1) == 1 << bit
        for addr in (first - 1, first, first + 1, first + words // 2, first + words - 1, first + words):
            await check(dut, addr % WORDS)


@cocotb.test()
async def one_bit_apart_from_a_window(dut):
    for first, words in RANGES:
        inside = first + random.randrange(words)
        for bit in range(WORDS.bit_length() - 1):
            await check(dut, inside ^ 1 << bit)


@cocotb.test()
async def random_addresses(dut):
    for _ in range(1000):
        await check(dut, random.randrange(WORDS))
