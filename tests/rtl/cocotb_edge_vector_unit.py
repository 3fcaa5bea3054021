"""edge_vector_unit: random layers of all functions against the loops written out, bit for bit and cycle for cycle."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

import cocotb
import numpy as np

from rtl.clocking import cycle, pack, parameters, signed, start, unpack
from rtl.descriptors import descriptor_bits
from rtl.vector_layer import FUNCTIONS, Memories, Output, VectorLayer, draw_vector_layer
from rtl.wordbus import WordBus

P = parameters()
V, K, ADDR = P["VEC_LANES"], P["K_LANES"], P["ACT_ADDR_WIDTH"]
ROWS, CHANNELS, PAIRS = P["VEC_WEIGHT_ROWS"], P["VEC_PARAM_CHANNELS"], P["TABLE_WORDS"] // 512
HALF = P["ROW_BUFFER_BYTES"] // 2
ROW_WORDS = (9 * V + 3) // 4
ROW_PITCH = 1 << (ROW_WORDS - 1).bit_length()
SIZES = {"lanes": V, "rows": ROWS, "channels": CHANNELS, "pairs": PAIRS}

READ_LATENCY = 7
WRITE_LATENCY = 23
ROW_LATENCY = 20
TABLE_GAP = 6
TABLE_CYCLES = 256
LAYER_GAP = READ_LATENCY + 1  # from a layer's last step to the first one of the next


@dataclass
class Write:
    at: int
    addr: int
    exists: tuple[bool, ...]
    data: tuple[int, ...]


@dataclass
class Bench:
    """Answers the unit's reads with random bytes and notes, with its cycle, everything that it does."""

    dut: object
    now: int = 0
    steps: list[tuple[int, int, int, int]] = field(default_factory=list)  # cycle, row address, x offset, y
    read: list[np.ndarray] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    issue_done: list[int] = field(default_factory=list)
    layer_done: list[tuple[int, int]] = field(default_factory=list)  # cycle, index
    rows: list[tuple[int, int]] = field(default_factory=list)  # cycle, buffer_rows since then
    table_ready: int = 0
    answers: deque = field(default_factory=lambda: deque([None] * (READ_LATENCY - 1)))

    async def tick(self) -> None:
        """End the present cycle."""
        dut = self.dut
        await cycle(dut)
        answer = None
        if int(dut.read_valid.value):
            x_offset = signed(int(dut.read_x_offset.value), ADDR + 2)
            self.steps.append((self.now, int(dut.read_row_addr.value), x_offset, signed(int(dut.read_y.value), 17)))
            answer = np.frombuffer(random.randbytes(3 * V), np.int8).reshape(3, V)
            self.read.append(answer)
        self.answers.append(answer)
        due = self.answers.popleft()
        dut.read_lanes.value = random.getrandbits(24 * V) if due is None else pack(due.ravel(), 8)
        if int(dut.write_en.value):
            enabled = int(dut.write_en.value)
            exists = tuple(bool(enabled >> lane & 1) for lane in range(V))
            data = tuple(int(byte) for byte in unpack(dut.write_data, 8))
            self.writes.append(Write(self.now, int(dut.write_addr.value), exists, data))
        if int(dut.issue_done.value):
            self.issue_done.append(self.now)
        if int(dut.layer_done.value):
            self.layer_done.append((self.now, int(dut.layer_done_index.value)))
        counted = int(dut.buffer_rows.value)
        if not self.rows or self.rows[-1][1] != counted:
            self.rows.append((self.now, counted))
        self.table_ready = int(dut.table_ready.value)
        self.now += 1

    async def ticks(self, count: int) -> None:
        for _ in range(count):
            await self.tick()

    async def begin_layer(self, layer: VectorLayer, index: int) -> int:
        """Begin a layer in the present cycle; return that cycle."""
        self.dut.layer.value = descriptor_bits(**layer.fields())
        self.dut.layer_index.value = index
        self.dut.layer_begin.value = 1
        await self.tick()
        self.dut.layer_begin.value = 0
        self.dut.preload.value = 0
        return self.now - 1

    async def preload(self, table: int) -> int:
        """Ask for a pair of tables; return the cycle in which it is ready."""
        self.dut.preload.value = 1
        self.dut.preload_table.value = table
        while True:
            await self.tick()
            if self.table_ready:
                return self.now - 1


async def begin(dut) -> tuple[Bench, Memories]:
    await start(
        dut, stop=0, layer_begin=0, layer=0, layer_index=0, preload=0, preload_table=0, read_lanes=0,
        buffer_read_addr=0, buffer_release=0,
        vec_weight_wr_valid=0, vec_weight_rd_valid=0, vec_param_wr_valid=0, vec_param_rd_valid=0,
        table_wr_valid=0, table_rd_valid=0,
    )  # fmt: skip
    memories = Memories.draw(V, ROWS, CHANNELS, PAIRS)
    await write_memories(dut, memories)
    bench = Bench(dut)
    await bench.begin_layer(VectorLayer(positions=3), 0)  # fills the window
    await bench.ticks(3 + WRITE_LATENCY + 2)
    bench.writes.clear()
    bench.layer_done.clear()
    return bench, memories


async def write_memories(dut, memories: Memories) -> None:
    weights, channels, tables = (WordBus(dut, prefix) for prefix in ("vec_weight_", "vec_param_", "table_"))
    for row in range(ROWS):
        content = memories.weights[row].tobytes().ljust(4 * ROW_WORDS, b"\0")
        for place in range(ROW_WORDS):
            word = int.from_bytes(content[4 * place : 4 * place + 4], "little")
            assert not await weights.write(row * ROW_PITCH + place, word)
    for channel in range(CHANNELS):
        shift = int(memories.shift[channel])
        words = int(memories.bias[channel]), int(memories.multiplier[channel]), max(shift, 0) | max(-shift, 0) << 8, 0
        for place, word in enumerate(words):
            await channels.write(4 * channel + place, word & 0xFFFFFFFF)
    for place, word in enumerate(memories.tables.ravel()):
        await tables.write(place, int(word) & 0xFFFFFFFF)


def draw(function: str, *, fused: bool = False) -> VectorLayer:
    layer = draw_vector_layer(function, **SIZES, fused=fused)
    while fused and last_byte(layer) >= HALF:
        layer = draw_vector_layer(function, **SIZES, fused=fused)
    return layer


def last_byte(layer: VectorLayer) -> int:
    """Return the last byte of a half that a fused layer writes."""
    return max(layer.place(step, V, 0) for step in layer.walk() if step.row == 0) + V - 1


def check_steps(bench: Bench, layer: VectorLayer, first: int, place: int) -> int:
    """Check a layer's steps, one in every cycle from `first` on, from the `place`-th noted; return the next place."""
    for number, step in enumerate(layer.walk()):
        at, row_addr, x_offset, y = bench.steps[place + number]
        wanted = (first + number, step.row_addr % (1 << ADDR), step.x_offset, step.y)
        assert (at, row_addr, x_offset, y) == wanted, (layer, number)
    return place + len(layer.walk())


def expected_writes(layer: VectorLayer, first: int, outputs: list[Output]) -> list[Write]:
    return [
        Write(first + output.step + WRITE_LATENCY, output.addr % (1 << ADDR), output.exists, output.data)
        for output in outputs
    ]


def comparable(write: Write) -> tuple:
    """Bytes that are not written do not count."""
    return (
        write.at,
        write.addr,
        write.exists,
        tuple(b for b, there in zip(write.data, write.exists, strict=True) if there),
    )


@cocotb.test()
async def random_layers_one_behind_the_other(dut):
    bench, memories = await begin(dut)
    wanted: list[Write] = []
    done: list[tuple[int, int]] = []
    place = len(bench.steps)
    for number in range(50):
        layer = draw(random.choice(list(FUNCTIONS)))
        if wanted:
            least = bench.steps[-1][0] + LAYER_GAP - 1 - bench.now  # the first step comes one after the begin
            await bench.ticks(max(0, least) + random.choice([0, 0, 1, 30]))
        if layer.function == FUNCTIONS["SUM"]:
            asked = bench.now
            assert await bench.preload(layer.table) == asked + TABLE_CYCLES
            await bench.ticks(random.randrange(3))
        first = await bench.begin_layer(layer, number % 16) + 1
        length = len(layer.walk())
        await bench.ticks(length)
        assert bench.issue_done[-1] == first + length - 1
        outputs = layer.outputs(bench.read[place - 2 :], memories, HALF)
        place = check_steps(bench, layer, first, place)
        wanted += expected_writes(layer, first, outputs)
        done.append((first + length - 1 + WRITE_LATENCY, number % 16))
    await bench.ticks(WRITE_LATENCY + 2)
    assert [comparable(write) for write in bench.writes] == [comparable(write) for write in wanted]
    assert bench.layer_done == done
    assert len(bench.steps) == place
    assert bench.rows == [(0, 0)]


@cocotb.test()
async def tables_are_copied_as_soon_as_nothing_is_looked_up(dut):
    bench, memories = await begin(dut)
    for _ in range(4):
        before = draw(random.choice(list(FUNCTIONS)))
        if before.function == FUNCTIONS["SUM"]:
            await bench.preload(before.table)
        first = await bench.begin_layer(before, 0) + 1
        last = first + len(before.walk()) - 1
        await bench.ticks(random.randrange(len(before.walk()) + 9))
        asked, pair = bench.now, random.randrange(PAIRS)
        assert await bench.preload(pair) == max(asked, last + TABLE_GAP) + TABLE_CYCLES
        place = len(bench.steps)
        after = draw("SUM")
        after.table = pair
        first = await bench.begin_layer(after, 1) + 1
        assert int(dut.table_ready.value) == 1
        await bench.ticks(len(after.walk()) + WRITE_LATENCY)
        assert not bench.table_ready
        outputs = after.outputs(bench.read[place - 2 :], memories, HALF)
        wanted = expected_writes(after, first, outputs)
        assert [comparable(write) for write in bench.writes[-len(wanted) :]] == [comparable(write) for write in wanted]


@cocotb.test()
async def a_stopped_layer_is_forgotten_and_the_host_goes_on(dut):
    bench, memories = await begin(dut)
    host = WordBus(dut, "vec_weight_")
    first_word = int.from_bytes(memories.weights[0].tobytes()[:4], "little")
    for number in range(10):
        fused = number % 2
        await bench.begin_layer(VectorLayer(rows=4, tiles=2, positions=6, fused=fused, last_channels=V), 0)
        await bench.ticks(3 * number + 1)
        reading = cocotb.start_soon(host.read(0))
        dut.stop.value = 1
        await bench.tick()
        dut.stop.value = 0
        await bench.tick()  # what was on its way out in the cycle of the stop
        writes, done, steps = len(bench.writes), len(bench.layer_done), len(bench.steps)
        await bench.ticks(WRITE_LATENCY + 2)
        assert (len(bench.writes), len(bench.layer_done), len(bench.steps)) == (writes, done, steps)
        assert bench.rows[-1][1] == 0
        assert await reading == (first_word, False)
        layer = draw("MAX")
        first = await bench.begin_layer(layer, 1) + 1
        await bench.ticks(len(layer.walk()) + WRITE_LATENCY)
        wanted = expected_writes(layer, first, layer.outputs(bench.read[steps - 2 :], memories, HALF))
        assert [comparable(write) for write in bench.writes[writes:]] == [comparable(write) for write in wanted]


class ArraySide:
    """Reads completed rows out of the buffer, after random pauses, and gives their halves back."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.released: list[int] = []
        self.row_ends: list[int] = []  # the cycle of each row's last step
        self.seen: list[dict[int, int]] = []  # for each row the bytes of its half
        self._row = 0
        self._left: list[int] = []
        self._pause = 0
        self._reading: deque[tuple[int, int] | None] = deque([None] * READ_LATENCY)

    def drive(self, covered: int) -> None:
        """Set the array's inputs of the present cycle; called after `Bench.tick` of the one before it."""
        dut = self.bench.dut
        dut.buffer_release.value = 0
        asked = None
        if not self._left and self._pause == 0 and self.rows(self.bench.now) > 0:
            self._left = list(range(0, covered, V))
            self.seen.append({})
            self._pause = random.choice([0, 0, 0, 7, 60])
        if self._left:
            asked = self._row, self._left.pop(0)
            dut.buffer_read_addr.value = self._row % 2 * HALF + asked[1]
            if not self._left:
                dut.buffer_release.value = 1
                self.released.append(self.bench.now)
                self._row += 1
        else:
            self._pause = max(0, self._pause - 1)
        self._reading.append(asked)

    def rows(self, now: int) -> int:
        """Return how many rows the buffer has to count in cycle `now`."""
        complete = sum(end + ROW_LATENCY <= now for end in self.row_ends)
        return complete - sum(at < now for at in self.released)

    def collect(self) -> None:
        """Note the bytes that come in the cycle that has just ended."""
        reading = self._reading.popleft()
        if reading is None:
            return
        row, addr = reading
        for lane, byte in enumerate(unpack(self.bench.dut.buffer_read_data, 8)):
            if addr + lane < HALF:
                self.seen[row][addr + lane] = int(byte)


@cocotb.test()
async def fused_rows_go_through_the_buffer(dut):
    bench, memories = await begin(dut)
    for number in range(12):
        layer = draw(random.choice(["MAC", "MAC", "MAX"]), fused=True)
        layer.rows = random.randint(1, 6)
        place, array = len(bench.steps), ArraySide(bench)
        writes_before = len(bench.writes)
        per_row = len(layer.walk()) // layer.rows
        first = await bench.begin_layer(layer, number) + 1
        covered = last_byte(layer) + 1
        while len(array.released) < layer.rows:
            array.row_ends = [at for at, *_ in bench.steps[place:]][per_row - 1 :: per_row]
            array.drive(covered)
            await bench.tick()
            array.collect()
            assert int(dut.buffer_rows.value) == array.rows(bench.now - 1)
        for _ in range(READ_LATENCY):
            array.drive(covered)
            dut.buffer_release.value = 0
            await bench.tick()
            array.collect()
        outputs = layer.outputs(bench.read[place - 2 :], memories, HALF)
        steps = layer.walk()
        at = first
        for step_number, step in enumerate(steps):
            if step_number % per_row == 0 and step.row >= 2:
                at = max(at, array.released[step.row - 2] + 1)
            assert bench.steps[place + step_number][0] == at
            at += 1
        for output in outputs:
            row = steps[output.step].row
            within = output.addr - row % 2 * HALF
            for lane, byte in enumerate(output.data):
                assert array.seen[row][within + lane] == byte
        last = bench.steps[-1][0]
        await bench.ticks(max(0, last + WRITE_LATENCY - bench.now + 1))
        assert bench.layer_done[-1] == (last + WRITE_LATENCY, number)
        assert len(bench.writes) == writes_before, "nothing goes to the activation memory"
