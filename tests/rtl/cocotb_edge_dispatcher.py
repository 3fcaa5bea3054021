"""edge_dispatcher: when layers of random programs begin, against the rules written out; how runs end."""

from __future__ import annotations

import random
from dataclasses import dataclass

import cocotb

from edge_runtime.compiler.host_interface import host_interface
from rtl.clocking import cycle, start
from rtl.descriptors import descriptor_bits

INTERFACE = host_interface()
ARRAY, VECTOR = INTERFACE.opcodes["ARRAY"], INTERFACE.opcodes["VECTOR"]
SUM = INTERFACE.functions["SUM"]
TAKE_TO_BEGIN = 1
ISSUED_TO_TAKE = 1  # cycles, beside WAIT, from a layer's last step to the next `take`


@dataclass
class Layer:
    """One layer as the units and the fetcher behave in the bench."""

    opcode: int
    pair: str = ""  # FUSED or CHAINED
    sums: bool = False
    wait: int = 0
    fetched_after: int = 0  # cycles from the take before it
    steps: int = 1  # cycles from its first step to its last
    drain: int = 1  # cycles from its last step to its last write

    def bits(self, *, last: bool) -> int:
        return descriptor_bits(
            OPCODE=self.opcode, FUSED=self.pair == "FUSED", CHAINED=self.pair == "CHAINED", WAIT=self.wait, LAST=last,
            FUNCTION=SUM if self.sums else 0,
        )  # fmt: skip


def draw_program() -> list[Layer]:
    layers: list[Layer] = []
    for _ in range(random.randint(1, 5)):
        wait, fetched = random.choice([0, 3, 12]), random.choice([1, 9])
        steps, drain = random.randint(1, 15), random.randint(1, 15)
        kind = random.choice(["array", "vector", "sums", "pair"])
        if kind == "pair":
            pair = random.choice(["FUSED", "CHAINED"])
            layers.append(Layer(VECTOR, pair, pair == "CHAINED", wait, fetched, steps, drain))
            layers.append(Layer(ARRAY, pair, False, 0, 9, steps + random.randint(20, 30), drain + 20))
        else:
            opcode = ARRAY if kind == "array" else VECTOR
            layers.append(Layer(opcode, "", kind == "sums", wait, fetched, steps, drain))
    return layers


class Bench:
    """The fetcher and both units around the dispatcher; checks each begin as it comes."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.time = 0

    async def begin(self) -> None:
        names = ("start", "next_valid", "next", "next_index", "table_ready")
        units = [f"{unit}_{event}" for unit in ("array", "vector") for event in ("issue_done", "layer_done")]
        await start(self.dut, **dict.fromkeys([*names, *units], 0))

    async def play(self, layers: list[Layer]) -> None:
        """Run a program and check when each layer begins and when the run is over."""
        dut = self.dut
        dut.start.value = 1
        await cycle(dut)
        dut.start.value = 0
        events: dict[int, list[str]] = {}
        number, offered = 0, 1 + layers[0].fetched_after
        issued, table_at, open_until = -1, random.randint(0, 30), 0
        expected_begin: tuple[int, Layer] | None = None
        for time in range(1, 2000):
            layer = layers[number] if number < len(layers) else None
            valid = layer is not None and time >= offered
            dut.next_valid.value = int(valid)
            if layer:
                dut.next.value = layer.bits(last=number == len(layers) - 1) if valid else random.getrandbits(60)
                dut.next_index.value = number
            dut.table_ready.value = int(time >= table_at)
            due = events.pop(time, [])
            for name in ("array_issue_done", "array_layer_done", "vector_issue_done", "vector_layer_done"):
                getattr(dut, name).value = int(name in due)
            await cycle(dut)
            began = [unit for unit in ("array", "vector") if int(getattr(dut, f"{unit}_begin").value)]
            if expected_begin and expected_begin[0] == time:
                unit = "array" if expected_begin[1].opcode == ARRAY else "vector"
                assert began == [unit]
                assert int(getattr(dut, f"{unit}_index").value) == number - 1
                expected_begin = None
            else:
                assert not began
            may = valid and self._may_begin(layer, number, time - issued) and (not layer.sums or time >= table_at)
            assert int(dut.take.value) == may, f"layer {number} at {time}"
            assert int(dut.preload.value) == bool(valid and layer.sums)
            assert not int(dut.finished.value) or (number == len(layers) and time >= open_until)
            if may:
                unit = "array" if layer.opcode == ARRAY else "vector"
                first = time + TAKE_TO_BEGIN + 1
                done = first + layer.steps - 1
                events.setdefault(done, []).append(f"{unit}_issue_done")
                events.setdefault(done + layer.drain, []).append(f"{unit}_layer_done")
                issued, open_until = done, max(open_until, done + layer.drain)
                expected_begin, number = (time + 1, layer), number + 1
                if number < len(layers):
                    offered = time + layers[number].fetched_after
                    table_at = time + random.randint(0, 60)
            if number == len(layers) and time == open_until + 2:
                assert int(dut.finished.value)
                assert not int(dut.failed.value)
                return
        raise AssertionError("the run did not end")

    @staticmethod
    def _may_begin(layer: Layer, number: int, since_issued: int) -> bool:
        """Whether `take` may come this many cycles after the last step of the layer before."""
        beside = layer.pair and layer.opcode == ARRAY
        return beside or number == 0 or since_issued >= layer.wait + ISSUED_TO_TAKE


@cocotb.test()
async def random_programs(dut):
    bench = Bench(dut)
    await bench.begin()
    for _ in range(40):
        await bench.play(draw_program())


@cocotb.test()
async def an_unknown_opcode_ends_the_run(dut):
    bench = Bench(dut)
    await bench.begin()
    for opcode in (0, 3, 255):
        dut.start.value = 1
        await cycle(dut)
        dut.start.value = 0
        dut.next.value, dut.next_index.value, dut.next_valid.value = descriptor_bits(OPCODE=opcode), 5, 1
        for _ in range(10):
            await cycle(dut)
            dut.next_valid.value = 0
            assert not int(dut.array_begin.value)
            assert not int(dut.vector_begin.value)
            if int(dut.finished.value):
                assert int(dut.failed.value)
                assert int(dut.failed_index.value) == 5
                break
        else:
            raise AssertionError("the run did not end")
        await bench.play(draw_program())


@cocotb.test()
async def a_reset_forgets_the_run(dut):
    bench = Bench(dut)
    await bench.begin()
    for opcode in (ARRAY, VECTOR):
        dut.start.value = 1
        await cycle(dut)
        dut.start.value, dut.next_valid.value = 0, 1
        dut.next.value = descriptor_bits(OPCODE=opcode, LAST=random.getrandbits(1))
        await cycle(dut)
        dut.next_valid.value = 0
        await cycle(dut)
        dut.rst.value = 1
        await cycle(dut)
        dut.rst.value = 0
        await cycle(dut)
        assert not int(dut.finished.value)
        await bench.play(draw_program())
