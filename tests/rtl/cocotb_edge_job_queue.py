"""edge_job_queue: fetches, runs and stores in the right order, side by side as far as that is safe."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, cycles, start

RUN = 60
PREFETCH_AT = 20
SETTLE = 8


def region(tag: int, beats: int = 4) -> int:
    return beats << 16 | tag


class Bench:
    """The queue between an engine, a reader and a writer that take as long as they are told; notes what happens."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.now = 0
        self.pushed: list[int] = []
        self.events: list[tuple[str, int, int]] = []  # what, which region (or 0), when
        self.run, self.prefetch_at, self.fetch, self.store, self.read_out = RUN, PREFETCH_AT, 10, 12, 5
        self.fails = False
        self._engine = self._fetch = self._store = 0
        cocotb.start_soon(self._play())

    async def _play(self) -> None:
        dut = self.dut
        while True:
            await cycle(dut)
            self.now += 1
            self._note()
            busy = self._engine > 0
            dut.engine_busy.value = busy
            dut.prefetch.value = busy and self._engine == self.run - self.prefetch_at
            dut.finished.value = self._engine == 1
            dut.failed.value = self._engine == 1 and self.fails
            dut.cycles.value = self.run - self._engine
            dut.fetch_busy.value = self._fetch > 0
            dut.store_busy.value = self._store > 0
            dut.store_read_out.value = self._store <= self.store - self.read_out
            self._engine, self._fetch = max(0, self._engine - 1), max(0, self._fetch - 1)
            self._store = max(0, self._store - 1)

    def _note(self) -> None:
        dut = self.dut
        if int(dut.push.value):
            self.pushed.append(self.now)
        if int(dut.finished.value):
            self.events.append(("finished", 0, self.now))
        if int(dut.fetch_start.value):
            assert not int(dut.fetch_busy.value)
            self.events.append(("fetch", int(dut.fetch_region.value) & 0xFFFF, self.now))
            self._fetch = self.fetch
        if int(dut.store_start.value):
            assert not int(dut.store_busy.value)
            self.events.append(("store", int(dut.store_region.value) & 0xFFFF, self.now))
            self._store = self.store
        if int(dut.job_start.value):
            assert not int(dut.engine_busy.value)
            self.events.append(("start", 0, self.now))
            self._engine = self.run
        if int(dut.reset_engine.value):
            self._engine = 0
        if int(dut.done.value):
            lengths = (int(getattr(dut, f"done_{name}").value) for name in ("cycles", "period", "run_cycles"))
            self.lengths = tuple(lengths)
            self.events.append(("done", 0, self.now))

    async def push(self, tag: int, *, beats: int = 4, output: int = 4, extra: int = 0) -> None:
        dut = self.dut
        dut.input_region.value, dut.output_region.value = region(tag, beats), region(tag + 1, output)
        dut.extra_region.value = region(tag + 2, extra)
        dut.push.value = 1
        await cycle(dut)
        dut.push.value = dut.input_region.value = dut.output_region.value = dut.extra_region.value = 0
        await cycle(dut)

    async def quiet(self) -> None:
        """Wait until nothing is pending."""
        await cycles(self.dut, 2)
        while int(self.dut.pending.value):
            await cycle(self.dut)
        await cycle(self.dut)

    def order(self) -> list[tuple[str, int]]:
        return [(what, tag) for what, tag, _ in self.events]

    def when(self, what: str) -> list[int]:
        return [now for kind, _, now in self.events if kind == what]


async def begin(dut) -> Bench:
    regions = ("push", "input_region", "output_region", "extra_region")
    engine = ("reset_engine", "engine_busy", "prefetch", "finished", "failed", "cycles")
    movers = ("fetch_busy", "fetch_failed", "store_busy", "store_read_out", "store_failed")
    await start(dut, **dict.fromkeys([*regions, *engine, *movers], 0))
    return Bench(dut)


@cocotb.test()
async def a_job_fetches_runs_and_stores(dut):
    bench = await begin(dut)
    await bench.push(10, extra=2)
    await bench.quiet()
    assert bench.order() == [("fetch", 10), ("start", 0), ("finished", 0), ("store", 11), ("store", 12), ("done", 0)]
    assert bench.lengths[2] == bench.run


@cocotb.test()
async def what_a_job_has_not_is_left_out(dut):
    bench = await begin(dut)
    await bench.push(10, beats=0, output=0)
    await bench.quiet()
    assert bench.order() == [("start", 0), ("finished", 0), ("done", 0)]
    await bench.push(20, output=0, extra=3)
    await bench.quiet()
    assert bench.order()[3:] == [("fetch", 20), ("start", 0), ("finished", 0), ("store", 22), ("done", 0)]


@cocotb.test()
async def the_next_input_is_fetched_beside_the_run_and_not_before_the_flagged_layer(dut):
    bench = await begin(dut)
    await bench.push(10)
    await bench.push(20)
    await bench.quiet()
    fetches, starts, finishes = bench.when("fetch"), bench.when("start"), bench.when("finished")
    assert fetches[1] >= starts[0] + bench.prefetch_at + SETTLE
    assert fetches[1] < finishes[0]
    assert starts[1] > finishes[0]
    stores = bench.when("store")
    assert starts[1] >= stores[0] + bench.read_out, "its outputs are read out"
    assert starts[1] < stores[0] + bench.store, "they need not be acknowledged"


@cocotb.test()
async def without_a_flagged_layer_the_next_input_comes_after_the_run(dut):
    bench = await begin(dut)
    bench.prefetch_at = bench.run + 5
    await bench.push(10)
    await bench.push(20)
    await bench.quiet()
    assert bench.when("fetch")[1] > bench.when("finished")[0]


@cocotb.test()
async def the_extra_region_too_is_read_out_before_the_next_run(dut):
    bench = await begin(dut)
    await bench.push(10, extra=4)
    await bench.push(20, extra=4)
    await bench.quiet()
    assert bench.when("start")[1] >= bench.when("store")[1] + bench.read_out


@cocotb.test()
async def a_third_job_is_not_taken(dut):
    bench = await begin(dut)
    for tag in (10, 20, 30):
        await bench.push(tag)
    assert int(dut.pending.value) == 2
    await bench.quiet()
    assert [tag for what, tag in bench.order() if what == "fetch"] == [10, 20]


@cocotb.test()
async def many_jobs_one_after_the_other(dut):
    bench = await begin(dut)
    for tag in range(100, 3000, 100):
        bench.fetch, bench.store = random.randrange(1, 80), random.randrange(5, 90)
        bench.prefetch_at = random.randrange(1, 70)
        bench.run = random.randrange(30, 70)
        while int(dut.pending.value) == 2:
            await cycle(dut)
        await bench.push(tag, extra=random.randrange(2), output=random.randrange(2))
    await bench.quiet()
    assert len(bench.when("done")) == len(bench.when("start")) == 29
    assert [tag for what, tag in bench.order() if what == "fetch"] == list(range(100, 3000, 100))
    for begun, ended, then in zip(bench.when("start"), bench.when("finished"), bench.when("start")[1:], strict=False):
        assert begun < ended < then


@cocotb.test()
async def cycles_count_from_push_to_the_last_acknowledgement(dut):
    bench = await begin(dut)
    await bench.push(10)
    await bench.push(20)
    while len(bench.when("done")) < 1:
        await cycle(dut)
    alone = bench.when("done")[0] - bench.pushed[0]
    assert bench.lengths[:2] == (alone, alone)
    await bench.quiet()
    done = bench.when("done")
    assert bench.lengths[:2] == (done[1] - bench.pushed[1], done[1] - done[0])
    await cycles(dut, 50)
    await bench.push(30)
    await bench.quiet()
    alone = bench.when("done")[2] - bench.pushed[2]
    assert bench.lengths[:2] == (alone, alone)


@cocotb.test()
async def errors_are_kept_until_a_reset(dut):
    bench = await begin(dut)
    bench.fails = True
    await bench.push(10)
    await bench.quiet()
    assert int(dut.run_error.value)
    for name in ("fetch", "store"):
        getattr(dut, f"{name}_failed").value = 1
        await cycle(dut)
        getattr(dut, f"{name}_failed").value = 0
        await cycles(dut, 5)
        assert int(getattr(dut, f"{name}_error").value)
    dut.reset_engine.value = 1
    await cycle(dut)
    dut.reset_engine.value = 0
    await cycles(dut, 2)
    assert not int(dut.run_error.value)
    assert not int(dut.fetch_error.value)
    assert not int(dut.store_error.value)


@cocotb.test()
async def a_reset_forgets_jobs_and_waits_for_what_is_under_way(dut):
    bench = await begin(dut)
    for wait in (1, 8, 25, 45, 75, 85):
        bench.events.clear()
        await bench.push(10, extra=4)
        await bench.push(20)
        await cycles(dut, wait)
        dut.reset_engine.value = 1
        await cycle(dut)
        dut.reset_engine.value = 0
        await cycle(dut)
        assert int(dut.pending.value) == 0
        bench.events.clear()
        await bench.push(30)
        await bench.quiet()
        assert bench.order() == [("fetch", 30), ("start", 0), ("finished", 0), ("store", 31), ("done", 0)]


@cocotb.test()
async def a_run_of_the_hosts_is_not_disturbed(dut):
    bench = await begin(dut)
    bench.prefetch_at = bench.run + 5
    bench._engine = 40  # begun by START
    await cycles(dut, 4)
    await bench.push(10)
    await bench.quiet()
    assert bench.order()[:2] == [("finished", 0), ("fetch", 10)]
