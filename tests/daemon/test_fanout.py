from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import pytest

from edge_runtime.daemon import FanOut, SinkCounts
from edge_runtime.telemetry import MemorySink, Record, make_record
from support.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio


class StuckSink(MemorySink):
    """Takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.free = anyio.Event()
        self._waiting = 0

    def statistics(self) -> int:
        """How many puts wait."""
        return self._waiting

    async def put(self, records: Sequence[Record]) -> None:
        self._waiting += 1
        await self.free.wait()
        await super().put(records)


def record(number: int) -> dict[str, Any]:
    return make_record("test", record_id=f"r-{number}", t_ns=number)


def numbers(sink: MemorySink) -> list[int]:
    return [kept["t_ns"] for kept in sink.records]


async def test_every_sink_gets_every_record_in_order() -> None:
    one, two = MemorySink(), MemorySink()
    async with FanOut({"one": one, "two": two}, patience_s=DEADLINE_S) as fanout:
        for number in range(500):
            await fanout.put([record(number)])
    assert numbers(one) == numbers(two) == list(range(500))
    assert fanout.counts() == [SinkCounts("one", 500, 0, 0), SinkCounts("two", 500, 0, 0)]


async def test_a_broken_sink_costs_its_own_records_only() -> None:
    good, broken = MemorySink(), MemorySink(broken=True)
    async with FanOut({"good": good, "broken": broken}) as fanout:
        await fanout.put([record(1), record(2)])
        await anyio.wait_all_tasks_blocked()
        broken.broken = False
        await fanout.put([record(3)])
    assert numbers(good) == [1, 2, 3]
    assert numbers(broken) == [3]
    assert [counts.lost for counts in fanout.counts()] == [0, 2]


async def test_a_record_that_cannot_be_written_is_counted() -> None:
    sink = MemorySink()
    async with FanOut({"s": sink}) as fanout:
        await fanout.put([{"id": "bad", "value": float("nan")}])
        await anyio.wait_all_tasks_blocked()
        await fanout.put([record(1)])
    assert fanout.counts() == [SinkCounts("s", 1, 1, 0)]


async def test_a_sink_that_is_too_slow_loses_records_and_the_pipeline_goes_on() -> None:
    slow, quick = StuckSink(), MemorySink()
    async with FanOut({"slow": slow, "quick": quick}, depth=1, patience_s=0.01) as fanout:
        for number in range(5):
            await fanout.put([record(number)])
            await anyio.wait_all_tasks_blocked()
        slow.free.set()
    assert numbers(quick) == [0, 1, 2, 3, 4]
    assert numbers(slow) == [0, 1]
    assert fanout.counts() == [SinkCounts("slow", 2, 0, 3), SinkCounts("quick", 5, 0, 0)]


async def test_a_sink_that_never_answers_is_left_behind_at_the_end() -> None:
    stuck, quick = StuckSink(), MemorySink()
    async with FanOut({"stuck": stuck, "quick": quick}, drain_s=0.02) as fanout:
        await fanout.put([record(1), record(2)])
        await anyio.wait_all_tasks_blocked()
    assert numbers(quick) == [1, 2]
    assert fanout.counts() == [SinkCounts("stuck", 0, 0, 2), SinkCounts("quick", 2, 0, 0)]


async def test_what_was_put_before_a_failure_is_still_written() -> None:
    sink = MemorySink()

    async def fail() -> None:
        async with FanOut({"s": sink}) as fanout:
            await fanout.put([record(1)])
            raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        await fail()
    assert numbers(sink) == [1]


async def test_the_sinks_are_closed_at_the_end() -> None:
    sink = MemorySink()
    async with FanOut({"s": sink}):
        pass
    assert sink._closed


async def test_a_sink_gets_only_the_kinds_that_it_takes() -> None:
    sink = MemorySink()
    sink.kinds = frozenset({"event"})
    async with FanOut({"s": sink}) as fanout:
        await fanout.put([record(1), make_record("event", record_id="e", t_ns=2)])
    assert numbers(sink) == [2]
    assert fanout.counts() == [SinkCounts("s", 1, 0, 0)]


async def test_puts_that_wait_at_the_same_time_keep_their_order() -> None:
    sink = StuckSink()
    sink.at_once = 8
    async with FanOut({"s": sink}, depth=1, patience_s=DEADLINE_S) as fanout:
        for number in range(8):
            await fanout.put([record(number)])
            await anyio.wait_all_tasks_blocked()
        assert sink.statistics() == 8
        sink.free.set()
    assert numbers(sink) == list(range(8))


async def test_a_sink_that_is_there_to_be_waited_for_loses_nothing() -> None:
    sink = StuckSink()
    sink.blocks = True
    async with FanOut({"s": sink}, depth=1, patience_s=0.001) as fanout, anyio.create_task_group() as tasks:

        async def put() -> None:
            for number in range(6):
                await fanout.put([record(number)])

        tasks.start_soon(put)
        await anyio.sleep(0.05)
        sink.free.set()
    assert numbers(sink) == list(range(6))
