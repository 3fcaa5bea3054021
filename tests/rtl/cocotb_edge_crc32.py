"""edge_crc32 against zlib's, and its residue over a message with its own check behind it."""

from __future__ import annotations

import random
import zlib

import cocotb

from rtl.clocking import cycle, start

MASK = 0xFFFFFFFF


async def run(dut, message: bytes) -> int:
    """Return the sum over a message that comes with gaps."""
    dut.clear.value = 1
    await cycle(dut)
    dut.clear.value = 0
    for value in message:
        while random.random() < 0.3:
            dut.valid.value, dut.data.value = 0, random.randrange(256)
            await cycle(dut)
        dut.valid.value, dut.data.value = 1, value
        await cycle(dut)
    dut.valid.value = 0
    await cycle(dut)
    return int(dut.crc.value)


@cocotb.test()
async def the_check_value_of_the_standard(dut):
    await start(dut, clear=0, valid=0, data=0)
    assert await run(dut, b"123456789") ^ MASK == 0xCBF43926


@cocotb.test()
async def random_messages(dut):
    await start(dut, clear=0, valid=0, data=0)
    for _ in range(40):
        message = random.randbytes(random.randrange(40))
        assert await run(dut, message) ^ MASK == zlib.crc32(message)


@cocotb.test()
async def the_residue_shows_a_whole_message_and_no_other(dut):
    await start(dut, clear=0, valid=0, data=0)
    for _ in range(40):
        message = random.randbytes(random.randrange(1, 30))
        whole = message + zlib.crc32(message).to_bytes(4, "little")
        await run(dut, whole)
        assert int(dut.residue.value)
        place = random.randrange(len(whole))
        await run(dut, whole[:place] + bytes([whole[place] ^ 1 << random.randrange(8)]) + whole[place + 1 :])
        assert not int(dut.residue.value)
