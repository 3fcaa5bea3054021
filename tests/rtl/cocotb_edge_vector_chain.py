"""edge_vector_chain: steps of the walker pass; in a chained layer the array's outputs stand in their place."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, parameters, start

LANES, CHANNELS, ADDR = parameters()["LANES"], parameters()["OC_LANES"], parameters()["ADDR_WIDTH"]
PHASES = CHANNELS // LANES
LATENCY = 7
PIECE, LINES = 8 * LANES, 3 * 8 * LANES
INPUTS = (
    "layer_begin", "chained", "operand", "walk_valid", "walk_emit", "walk_last", "walk_addr", "walk_exists",
    "chain_valid", "chain_last", "chain_addr", "chain_exists", "chain_data", "read_lanes",
)  # fmt: skip
FIELDS = {"valid": 1, "emit": 1, "last": 1, "addr": ADDR, "exists": LANES}


def draw(**fixed: int) -> dict[str, int]:
    return {name: random.getrandbits(width) for name, width in FIELDS.items()} | fixed


def seen(dut) -> dict[str, int]:
    return {name: int(getattr(dut, f"step_{name}").value) for name in FIELDS}


async def begin_layer(dut, *, chained: int, operand: int) -> None:
    dut.chained.value, dut.operand.value, dut.layer_begin.value = chained, operand, 1
    dut.walk_valid.value = dut.chain_valid.value = dut.chain_last.value = 0
    await cycle(dut)
    dut.layer_begin.value = 0


@cocotb.test()
async def without_a_chain_steps_and_lines_pass(dut):
    await start(dut, **dict.fromkeys(INPUTS, 0))
    await begin_layer(dut, chained=0, operand=0)
    for _ in range(200):
        walk, read = draw(), random.getrandbits(LINES)
        for name, value in walk.items():
            getattr(dut, f"walk_{name}").value = value
        dut.read_lanes.value, dut.chain_data.value = read, random.getrandbits(PIECE)
        await cycle(dut)
        assert seen(dut) == walk
        assert int(dut.step_lines.value) == read
        assert int(dut.read_valid.value) == walk["valid"]
        assert not int(dut.read_plain.value)
        assert not int(dut.pending.value)


async def play_chain(dut, *, operand: int, tiles: int) -> None:
    """Walk tiles, read their operands, hand over their outputs some cycles later, and look at every step's lines."""
    await begin_layer(dut, chained=1, operand=operand)
    walk_at, handed_at, time = [], [], 0
    for _ in range(tiles):
        time += max(PHASES, random.choice([2, 3, 8]))
        walk_at.append(time)
        handed_at += [time + 25 + phase for phase in range(PHASES)]
    read = {at: random.getrandbits(8 * CHANNELS) for at in walk_at}
    data = {at: random.getrandbits(PIECE) for at in handed_at}
    for now in range(handed_at[-1] + LATENCY + 2):
        walks, hands, last = now in read, now in data, now == handed_at[-1]
        step = draw(valid=int(hands), emit=int(hands), last=int(last))
        for name, value in draw(valid=int(walks)).items():
            getattr(dut, f"walk_{name}").value = value
        for name in ("valid", "last", "addr", "exists"):
            getattr(dut, f"chain_{name}").value = step[name]
        noise = random.getrandbits(LINES)
        high = noise >> 8 * CHANNELS << 8 * CHANNELS
        lanes = high | read[now - LATENCY] if now - LATENCY in read else noise
        dut.read_lanes.value = lanes
        dut.chain_data.value = data.get(now - LATENCY, 0)
        await cycle(dut)
        assert seen(dut) == step
        assert (int(dut.read_valid.value), int(dut.read_plain.value)) == (walks and operand, walks and operand)
        assert int(dut.pending.value) == (now <= handed_at[-1])
        if now - LATENCY in data:
            tile, phase = divmod(handed_at.index(now - LATENCY), PHASES)
            second = read[walk_at[tile]] >> phase * PIECE & ((1 << PIECE) - 1)
            assert int(dut.step_lines.value) & ((1 << 2 * PIECE) - 1) == second << PIECE | data[now - LATENCY]
        else:
            assert int(dut.step_lines.value) == lanes


@cocotb.test()
async def outputs_stand_in_the_place_of_steps(dut):
    await start(dut, **dict.fromkeys(INPUTS, 0))
    for number in range(20):
        await play_chain(dut, operand=number % 2, tiles=random.randint(1, 30))


@cocotb.test()
async def a_reset_forgets_what_was_to_come(dut):
    await start(dut, **dict.fromkeys(INPUTS, 0))
    for wait in range(10):
        await begin_layer(dut, chained=1, operand=1)
        dut.walk_valid.value = dut.chain_valid.value = 1
        for _ in range(wait):
            await cycle(dut)
        dut.rst.value, dut.walk_valid.value, dut.chain_valid.value = 1, 0, 0
        await cycle(dut)
        dut.rst.value = 0
        await cycle(dut)
        assert not int(dut.pending.value)
        await play_chain(dut, operand=1, tiles=3)
