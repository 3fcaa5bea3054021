"""edge_uart_requests: two requests deep, whole or lost."""

from __future__ import annotations

import random

import cocotb

from rtl.bridge_protocol import READ, WRITE, request
from rtl.clocking import cycle, cycles, start

FCS = b"\xfc\xfc\xfc\xfc"  # what it is, the decoder has judged


async def begin(dut) -> list[int]:
    """Start, and count losses in a list of one."""
    losses = [0]

    async def count() -> None:
        while True:
            await cycle(dut)
            losses[0] += int(dut.lost.value)

    await start(dut, byte_valid=0, byte_data=0, frame_end=0, frame_ok=0, request_done=0, word_index=0)
    cocotb.start_soon(count())
    return losses


async def feed(dut, content: bytes, *, good: bool = True) -> None:
    for value in content + FCS:
        dut.byte_valid.value, dut.byte_data.value = 1, value
        await cycle(dut)
        dut.byte_valid.value = 0
        await cycles(dut, random.randrange(3))
    dut.frame_end.value, dut.frame_ok.value = 1, int(good)
    await cycle(dut)
    dut.frame_end.value = 0
    await cycles(dut, 2)


async def take(dut, number: int, command: int, address: int, payload: bytes, count: int | None = None) -> None:
    """Compare the request that is offered, and have the next one."""
    assert int(dut.request_valid.value)
    got = [int(getattr(dut, name).value) for name in ("sequence_number", "command", "count", "address", "words")]
    assert got == [number, command, len(payload) // 4 if count is None else count, address, len(payload) // 4]
    for place in range(len(payload) // 4):
        dut.word_index.value = place
        await cycles(dut, 3)
        assert int(dut.word.value) == int.from_bytes(payload[4 * place : 4 * place + 4], "little")
    dut.request_done.value = 1
    await cycle(dut)
    dut.request_done.value = 0
    await cycle(dut)


@cocotb.test()
async def requests_of_every_length(dut):
    losses = await begin(dut)
    for number, words in enumerate([1, 2, 255, 256, 0, 3]):
        payload, address = random.randbytes(4 * words), random.getrandbits(32)
        await feed(dut, request(number, WRITE, address, payload))
        await take(dut, number, WRITE, address, payload)
        assert not int(dut.request_valid.value)
    assert losses == [0]


@cocotb.test()
async def one_comes_in_while_one_is_carried_out(dut):
    losses = await begin(dut)
    payloads = [random.randbytes(4 * random.randint(1, 9)) for _ in range(12)]
    await feed(dut, request(0, WRITE, 0, payloads[0]))
    for number in range(1, len(payloads)):
        await feed(dut, request(number, WRITE, 4 * number, payloads[number]))
        await take(dut, number - 1, WRITE, 4 * (number - 1), payloads[number - 1])
    assert losses == [0]


@cocotb.test()
async def a_third_is_lost_and_leaves_the_two_alone(dut):
    losses = await begin(dut)
    kept = [random.randbytes(16), random.randbytes(8)]
    for number, payload in enumerate(kept):
        await feed(dut, request(number, WRITE, 64, payload))
    await feed(dut, request(2, WRITE, 128, random.randbytes(16)))
    assert losses == [1]
    for number, payload in enumerate(kept):
        await take(dut, number, WRITE, 64, payload)
    assert not int(dut.request_valid.value)


@cocotb.test()
async def room_that_comes_in_the_middle_of_a_frame_is_too_late(dut):
    losses = await begin(dut)
    for number in range(2):
        await feed(dut, request(number, READ, 0, count=5))
    late = cocotb.start_soon(feed(dut, request(2, WRITE, 0, random.randbytes(40))))
    await cycles(dut, 10)
    dut.request_done.value = 1
    await cycle(dut)
    dut.request_done.value = 0
    await late
    assert losses == [1]
    await take(dut, 1, READ, 0, b"", count=5)
    assert not int(dut.request_valid.value)


@cocotb.test()
async def damaged_short_long_and_uneven_frames_are_lost(dut):
    losses = await begin(dut)
    whole = request(7, WRITE, 32, random.randbytes(12))
    bad = [whole[:4], b"", whole + b"x", request(7, WRITE, 0, bytes(4 * 257)), request(7, WRITE, 0, bytes(4 * 600))]
    for count, content in enumerate(bad, 1):
        await feed(dut, content)
        assert losses == [count]
    await feed(dut, whole, good=False)
    assert losses == [len(bad) + 1]
    assert not int(dut.request_valid.value)
    await feed(dut, whole)
    await take(dut, 7, WRITE, 32, whole[8:])


@cocotb.test()
async def a_reset_forgets_all(dut):
    await begin(dut)
    await feed(dut, request(1, READ, 0, count=1))
    dut.rst.value = 1
    await cycle(dut)
    dut.rst.value = 0
    await cycle(dut)
    assert not int(dut.request_valid.value)
    await feed(dut, request(2, READ, 4, count=3))
    await take(dut, 2, READ, 4, b"", count=3)
