"""edge_sequencer: every step of random programs against the loops written out in Python, and the run's cycles."""

from __future__ import annotations

import random
from dataclasses import dataclass

import cocotb

from edge_runtime.compiler.assemble import descriptor_words
from edge_runtime.compiler.host_interface import host_interface
from rtl.clocking import cycle, cycles, parameters, start

K, TILE_CYCLES = parameters()["K_LANES"], parameters()["TILE_CYCLES"]
DRAIN = 20  # from a layer's last step to its `layer_done`, as the array and the requantiser would take
OPCODE = host_interface().opcodes["FULLY_CONNECTED"]


@dataclass
class Layer:
    input: int
    stride: int
    positions: int
    tiles: int
    steps: int
    passes: int
    weight_row: int

    def descriptor(self, *, last: bool, banked: bool, opcode: int = OPCODE) -> list[int]:
        return descriptor_words(
            {
                "OPCODE": opcode, "LAST": last, "BANKED": banked, "INPUT": self.input, "INPUT_STRIDE": self.stride,
                "POSITIONS": self.positions, "TILES": self.tiles, "STEPS": self.steps, "PASSES": self.passes,
                "WEIGHT_ROW": self.weight_row,
            }
        )  # fmt: skip

    def issued(self) -> list[tuple[int, int, bool, bool]]:
        """Activation address, weight row, first, last of each step."""
        line = []
        for position in range(self.positions):
            row = self.weight_row
            for _ in range(self.tiles):
                for one_pass in range(self.passes):
                    for step in range(self.steps):
                        first = step == one_pass == 0
                        last = (one_pass, step) == (self.passes - 1, self.steps - 1)
                        line.append((self.input + position * self.stride + step * K, row, first, last))
                        row += 1
        return line

    def cycles(self) -> int:
        """From the first step to the last one."""
        of_tile = self.passes * self.steps
        return (self.positions * self.tiles - 1) * max(of_tile, TILE_CYCLES) + of_tile


def draw_layer() -> Layer:
    return Layer(
        random.randrange(500), random.randrange(40), random.randint(1, 3), random.randint(1, 3), random.randint(1, 4),
        random.randint(1, 2), random.randrange(100),
    )  # fmt: skip


class Bench:
    """The program memory and the end of each layer, around the sequencer."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.words: list[int] = []
        self.drain = DRAIN
        self.done_layers: list[int] = []  # `layer_index` at each `layer_done`
        self._asked = [0, 0]
        self._drains: list[int] = []

    async def begin(self) -> None:
        await start(self.dut, start=0, entry=0, bank=0, fetch_data=0, layer_done=0)

    async def tick(self) -> None:
        await cycle(self.dut)
        if int(self.dut.layer_done.value):
            self.done_layers.append(int(self.dut.layer_index.value))
        self._asked.append(int(self.dut.fetch_row.value) if int(self.dut.fetch_en.value) else 0)
        row = self._asked[-2]
        self.dut.fetch_data.value = sum(
            word << 32 * place for place, word in enumerate(self.words[4 * row : 4 * row + 4])
        )
        self._drains = [left - 1 for left in self._drains]
        self.dut.layer_done.value = int(0 in self._drains)

    async def run(self, entry: int, bank: int, last_steps: list[int]) -> tuple[list[tuple[int, int, bool, bool]], int]:
        """Run to the end; return the steps and the cycles from START to `finished`."""
        dut = self.dut
        dut.entry.value, dut.bank.value, dut.start.value = entry, bank, 1
        await self.tick()
        dut.start.value = 0
        steps: list[tuple[int, int, bool, bool]] = []
        ends = set(last_steps)
        for count in range(1, 5000):
            await self.tick()
            if int(dut.step_valid.value):
                flags = bool(int(dut.step_first.value)), bool(int(dut.step_last.value))
                steps.append((int(dut.step_act_addr.value), int(dut.step_weight_row.value), *flags))
                if len(steps) in ends:
                    self._drains.append(self.drain - 1)  # the step's own cycle is over
            if int(dut.finished.value):
                return steps, count
        raise AssertionError("the run did not end")


def step_counts(layers: list[Layer]) -> list[int]:
    """How many steps are out when each layer's last one is."""
    return [sum(len(layer.issued()) for layer in layers[: place + 1]) for place in range(len(layers))]


@cocotb.test()
async def random_programs(dut):
    bench = Bench(dut)
    await bench.begin()
    for _ in range(30):
        layers = [draw_layer() for _ in range(random.randint(1, 3))]
        entry = random.randrange(3)
        bench.words = [0] * 16 * entry
        for place, layer in enumerate(layers):
            bench.words += layer.descriptor(last=place == len(layers) - 1, banked=False)
        steps, counted = await bench.run(entry, 0, step_counts(layers))
        assert steps == [step for layer in layers for step in layer.issued()]
        # the first step comes 8 cycles after START, a layer's done DRAIN after its last step and the next layer's
        # first step one after that; `finished` comes two after the last done
        assert counted == 8 + sum(layer.cycles() + DRAIN for layer in layers) + 1


@cocotb.test()
async def either_bank_takes_the_same_time(dut):
    bench = Bench(dut)
    await bench.begin()
    for before in (0, 1):
        front, zero, one = draw_layer(), draw_layer(), draw_layer()
        one.positions, one.tiles, one.steps, one.passes = zero.positions, zero.tiles, zero.steps, zero.passes
        bench.words = front.descriptor(last=False, banked=False) if before else []
        bench.words += zero.descriptor(last=True, banked=True) + one.descriptor(last=True, banked=True)
        counts = []
        for bank, head in enumerate((zero, one)):
            layers = [front, head] if before else [head]
            steps, counted = await bench.run(0, bank, step_counts(layers))
            assert steps == [step for layer in layers for step in layer.issued()]
            counts.append(counted)
        assert counts[0] == counts[1]


@cocotb.test()
async def a_banked_layer_may_stand_in_the_middle(dut):
    bench = Bench(dut)
    await bench.begin()
    zero, one, after = draw_layer(), draw_layer(), draw_layer()
    bench.words = zero.descriptor(last=False, banked=True) + one.descriptor(last=False, banked=True)
    bench.words += after.descriptor(last=True, banked=False)
    for bank, head in enumerate((zero, one)):
        steps, _ = await bench.run(0, bank, step_counts([head, after]))
        assert steps == head.issued() + after.issued()


@cocotb.test()
async def an_unknown_operation_ends_the_run(dut):
    bench = Bench(dut)
    await bench.begin()
    good, bad = draw_layer(), draw_layer()
    bench.words = good.descriptor(last=False, banked=False) + bad.descriptor(last=True, banked=False, opcode=0xEE)
    steps, _ = await bench.run(0, 0, step_counts([good]))
    assert steps == good.issued()
    assert int(dut.failed.value)
    assert int(dut.layer_index.value) == 1
    bench.words = good.descriptor(last=True, banked=False)
    steps, _ = await bench.run(0, 0, step_counts([good]))
    assert steps == good.issued()
    assert not int(dut.failed.value)


@cocotb.test()
async def a_stop_in_a_run_is_forgotten(dut):
    bench = Bench(dut)
    await bench.begin()
    layer = Layer(0, 8, 3, 3, 4, 1, 0)
    bench.words = layer.descriptor(last=True, banked=False)
    for stop_after in (1, 4, 9, 20, 40):
        dut.start.value = 1
        await bench.tick()
        dut.start.value = 0
        for _ in range(stop_after):
            await bench.tick()
        dut.rst.value = 1
        await bench.tick()
        dut.rst.value = 0
        await cycles(dut, 2)
        assert not int(dut.step_valid.value)
        steps, _ = await bench.run(0, 0, step_counts([layer]))
        assert steps == layer.issued()


@cocotb.test()
async def a_layer_may_be_done_while_the_next_is_fetched(dut):
    bench = Bench(dut)
    await bench.begin()
    for bench.drain in range(2, 16):
        layers = [draw_layer() for _ in range(3)]
        bench.words = [
            word for place, layer in enumerate(layers) for word in layer.descriptor(last=place == 2, banked=0)
        ]
        steps, _ = await bench.run(0, 0, step_counts(layers))
        assert steps == [step for layer in layers for step in layer.issued()]


@cocotb.test()
async def each_layer_is_done_under_its_own_index(dut):
    """A pair goes by the index of its first descriptor, whichever is taken."""
    bench = Bench(dut)
    await bench.begin()
    layers = [draw_layer() for _ in range(4)]
    bench.words = [word for layer in layers[:3] for word in layer.descriptor(last=False, banked=layer is not layers[0])]
    bench.words += layers[3].descriptor(last=True, banked=False)
    for bank in (0, 1):
        bench.done_layers.clear()
        taken = [layers[0], layers[1 + bank], layers[3]]
        await bench.run(0, bank, step_counts(taken))
        assert bench.done_layers == [0, 1, 3]


FOR_THE_REQUANTISER = {
    "OUTPUT": ("layer_output", 12),
    "OUTPUT_STRIDE": ("layer_output_stride", 12),
    "POSITIONS": ("layer_positions", 16),
    "TILES": ("layer_tiles", 16),
    "LAST_CHANNELS": ("layer_last_channels", 8),
    "PARAM_ROW": ("layer_param_row", 6),
    "SINGLE_ROUNDING": ("layer_single_rounding", 1),
    "ZERO_POINT": ("layer_zero_point", 8),
    "CLAMP_MIN": ("layer_clamp_min", 8),
    "CLAMP_MAX": ("layer_clamp_max", 8),
}


@cocotb.test()
async def the_requantiser_is_told_of_the_layer_and_it_holds(dut):
    bench = Bench(dut)
    await bench.begin()
    for _ in range(20):
        fields = {name: random.getrandbits(width) for name, (_, width) in FOR_THE_REQUANTISER.items()}
        fields |= {"POSITIONS": random.randint(1, 2), "TILES": random.randint(1, 2)}
        others = {"OPCODE": OPCODE, "STEPS": 2, "PASSES": 1}
        bench.words = descriptor_words({**fields, **others}) + descriptor_words(
            {**others, "LAST": 1, "POSITIONS": 1, "TILES": 1}
        )
        told: list[dict[str, int]] = []
        issued = 2 * fields["POSITIONS"] * fields["TILES"]
        watch = cocotb.start_soon(watch_layers(dut, told))
        await bench.run(0, 0, [issued, issued + 2])
        watch.cancel()
        assert len(told) > DRAIN
        assert told[: len(told) - 1] == [fields] * (len(told) - 1), "from layer_start to layer_done"


async def watch_layers(dut, told: list[dict[str, int]]) -> None:
    """Note what stands there in each cycle of the first layer, and in the first one of the second."""
    starts = 0
    while starts < 2:
        await cycle(dut)
        starts += int(dut.layer_start.value)
        if starts:
            told.append({name: int(getattr(dut, signal).value) for name, (signal, _) in FOR_THE_REQUANTISER.items()})
