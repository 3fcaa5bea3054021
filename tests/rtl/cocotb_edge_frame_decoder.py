"""edge_frame_decoder against the host's encoder, with damage of every kind."""

from __future__ import annotations

import random

import cocotb

from edge_runtime.accelerator.bus.uart_frames import encode_frame
from rtl.clocking import cycle, cycles, start

FLAG, ESCAPE = 0x7E, 0x7D


class Frames:
    """What comes out: whole frames without their check, None for damaged ones."""

    def __init__(self) -> None:
        self.found: list[bytes | None] = []
        self._bytes = bytearray()

    async def gather(self, dut) -> None:
        while True:
            await cycle(dut)
            if int(dut.m_valid.value):
                self._bytes.append(int(dut.m_data.value))
            if int(dut.frame_end.value):
                self.found.append(bytes(self._bytes[:-4]) if int(dut.frame_ok.value) else None)
                self._bytes.clear()


async def begin(dut) -> Frames:
    frames = Frames()
    await start(dut, s_valid=0, s_error=0, s_data=0)
    cocotb.start_soon(frames.gather(dut))
    return frames


async def feed(dut, characters: bytes, bad: int | None = None) -> None:
    """Hand characters over, at least four cycles apart; the one at `bad` with an error."""
    for place, value in enumerate(characters):
        dut.s_valid.value, dut.s_data.value, dut.s_error.value = 1, value, int(place == bad)
        await cycle(dut)
        dut.s_valid.value = 0
        await cycles(dut, random.randint(3, 6))


def draw() -> bytes:
    """Return a frame's content, rich in flags and escapes."""
    choices = [FLAG, ESCAPE, FLAG ^ 0x20, ESCAPE ^ 0x20, *random.choices(range(256), k=8)]
    return bytes(random.choices(choices, k=random.randint(1, 24)))


@cocotb.test()
async def whole_frames(dut):
    frames = await begin(dut)
    contents = [draw() for _ in range(40)]
    for content in contents:
        await feed(dut, encode_frame(content))
    assert frames.found == contents


@cocotb.test()
async def one_flag_between_frames_is_enough(dut):
    frames = await begin(dut)
    contents = [draw() for _ in range(20)]
    await feed(dut, b"\x7e" + b"".join(encode_frame(content)[1:] for content in contents))
    assert frames.found == contents


@cocotb.test()
async def empty_frames_are_nothing(dut):
    frames = await begin(dut)
    await feed(dut, b"\x7e" * 10)
    assert frames.found == []


@cocotb.test()
async def a_flipped_bit_is_damage_and_the_next_frame_is_whole(dut):
    frames = await begin(dut)
    for _ in range(40):
        content = draw()
        characters = bytearray(encode_frame(content))
        place = random.randrange(1, len(characters) - 1)
        characters[place] ^= 1 << random.randrange(8)
        await feed(dut, bytes(characters))
        assert frames.found
        assert all(found is None for found in frames.found)
        await feed(dut, encode_frame(content))
        assert frames.found[-1] == content
        frames.found.clear()


@cocotb.test()
async def a_character_that_the_line_has_spoilt_is_damage(dut):
    frames = await begin(dut)
    for _ in range(20):
        characters = encode_frame(draw())
        await feed(dut, characters, bad=random.randrange(1, len(characters) - 1))
    assert frames.found == [None] * 20


@cocotb.test()
async def a_lost_or_doubled_character_is_damage(dut):
    frames = await begin(dut)
    for _ in range(20):
        characters = encode_frame(bytes(random.choices(range(0x20, 0x70), k=9)))
        place = random.randrange(1, len(characters) - 6)
        await feed(dut, characters[:place] + characters[place + 1 :])
        await feed(dut, characters[:place] + b"\x13" + characters[place:])
    assert frames.found == [None] * 40


@cocotb.test()
async def an_escape_before_a_flag_is_damage(dut):
    frames = await begin(dut)
    content = draw()
    await feed(dut, encode_frame(content)[:-1] + bytes([ESCAPE, FLAG]))
    assert frames.found == [None]
    await feed(dut, encode_frame(content))
    assert frames.found == [None, content]


@cocotb.test()
async def a_reset_forgets_what_was_under_way(dut):
    frames = await begin(dut)
    await feed(dut, b"\x7eabc\x7d")
    dut.rst.value = 1
    await cycle(dut)
    dut.rst.value = 0
    await feed(dut, b"\x7e")
    assert frames.found == []
