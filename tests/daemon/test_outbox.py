from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import pytest

from edge_runtime.daemon import Outbox, SinkCounts
from edge_runtime.telemetry import MemorySink, Record, make_record

pytestmark = pytest.mark.anyio


class StuckSink(MemorySink):
    """Takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.free = anyio.Event()

    async def put(self, records: Sequence[Record]) -> None:
        await self.free.wait()
        await super().put(records)


def record(number: int) -> dict[str, Any]:
    return make_record("test", record_id=f"r-{number}", t_ns=number)


def numbers(sink: MemorySink) -> list[int]:
    return [kept["t_ns"] for kept in sink.records]


async def test_every_sink_gets_every_record_in_order() -> None:
    one, two = MemorySink(), MemorySink()
    async with Outbox({"one": one, "two": two}) as outbox:
        for number in range(500):
            await outbox.put([record(number)])
    assert numbers(one) == numbers(two) == list(range(500))
    assert outbox.counts() == [SinkCounts("one", 500, 0, 0), SinkCounts("two", 500, 0, 0)]


async def test_a_broken_sink_costs_its_own_records_only() -> None:
    good, broken = MemorySink(), MemorySink(broken=True)
    async with Outbox({"good": good, "broken": broken}) as outbox:
        await outbox.put([record(1), record(2)])
        await anyio.wait_all_tasks_blocked()
        broken.broken = False
        await outbox.put([record(3)])
    assert numbers(good) == [1, 2, 3]
    assert numbers(broken) == [3]
    assert [counts.lost for counts in outbox.counts()] == [0, 2]


async def test_a_record_that_cannot_be_written_is_counted() -> None:
    sink = MemorySink()
    async with Outbox({"s": sink}) as outbox:
        await outbox.put([{"id": "bad", "value": float("nan")}])
        await anyio.wait_all_tasks_blocked()
        await outbox.put([record(1)])
    assert outbox.counts() == [SinkCounts("s", 1, 1, 0)]


async def test_a_sink_that_is_too_slow_loses_records_and_the_pipeline_goes_on() -> None:
    slow, quick = StuckSink(), MemorySink()
    async with Outbox({"slow": slow, "quick": quick}, depth=1, patience_s=0.01) as outbox:
        for number in range(5):
            await outbox.put([record(number)])
            await anyio.wait_all_tasks_blocked()
        slow.free.set()
    assert numbers(quick) == [0, 1, 2, 3, 4]
    assert numbers(slow) == [0, 1]
    assert outbox.counts() == [SinkCounts("slow", 2, 0, 3), SinkCounts("quick", 5, 0, 0)]


async def test_a_sink_that_never_answers_is_left_behind_at_the_end() -> None:
    stuck, quick = StuckSink(), MemorySink()
    async with Outbox({"stuck": stuck, "quick": quick}, drain_s=0.02) as outbox:
        await outbox.put([record(1), record(2)])
    assert numbers(quick) == [1, 2]
    assert outbox.counts() == [SinkCounts("stuck", 0, 0, 2), SinkCounts("quick", 2, 0, 0)]


async def test_what_was_put_before_a_failure_is_still_written() -> None:
    sink = MemorySink()

    async def fail() -> None:
        async with Outbox({"s": sink}) as outbox:
            await outbox.put([record(1)])
            raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        await fail()
    assert numbers(sink) == [1]


async def test_the_sinks_are_closed_at_the_end() -> None:
    sink = MemorySink()
    async with Outbox({"s": sink}):
        pass
    assert sink._closed
