from __future__ import annotations

import json
import random
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from edge_runtime.errors import DataError, SinkError
from edge_runtime.telemetry.outbox import Item, Outbox, Spool, inspect_outbox
from edge_runtime.telemetry.outbox.spool import SMALLEST_CAP, Committed
from support.waiting import DEADLINE_S, until

pytestmark = pytest.mark.anyio

NEVER = 3600.0


class ManualSpool(Spool):
    """Counts commits, and fails when it is told to."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, cap_bytes=SMALLEST_CAP)
        self.groups: list[list[int]] = []
        self.broken = False

    def commit(self, items: Sequence[Item], **settings: Any) -> Committed:
        if self.broken:
            raise SinkError("the disk is gone")
        self.groups.append([item.seq for item in items])
        return super().commit(items, **settings)


def bodies(*numbers: int, priority: int = 1) -> list[tuple[int, bytes]]:
    return [(priority, json.dumps({"id": f"r-{number}"}).encode()) for number in numbers]


def ids(items: Sequence[Item]) -> list[str]:
    return [json.loads(item.body)["id"] for item in items]


async def test_put_returns_when_the_records_are_on_the_disk(tmp_path: Path) -> None:
    async with Outbox(Spool(tmp_path / "o"), commit_every=0.001) as outbox:
        await outbox.put(bodies(1, 2))
        assert [r["id"] for r in inspect_outbox(tmp_path / "o").records] == ["r-1", "r-2"]


async def test_what_is_acknowledged_at_once_is_never_written(tmp_path: Path) -> None:
    spool = ManualSpool(tmp_path / "o")
    async with Outbox(spool, commit_every=NEVER) as outbox, anyio.create_task_group() as tasks:
        tasks.start_soon(outbox.put, bodies(1, 2))
        outbox.acknowledge(await outbox.take(9))
    assert spool.groups == []
    assert outbox.counts().acknowledged == 2
    assert outbox.counts().depth == 0


async def test_puts_of_the_same_moment_share_one_commit(tmp_path: Path) -> None:
    spool = ManualSpool(tmp_path / "o")
    async with Outbox(spool, commit_every=0.02) as outbox, anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(outbox.put, bodies(number))
    assert len(spool.groups) == 1
    assert len(spool.groups[0]) == 20


async def test_a_put_does_not_wait_for_another_one(tmp_path: Path) -> None:
    async with Outbox(Spool(tmp_path / "o"), commit_every=0.05) as outbox:
        with anyio.fail_after(DEADLINE_S):
            for number in range(5):
                await outbox.put(bodies(number))


async def test_what_is_being_committed_is_counted_once(tmp_path: Path) -> None:
    committed, may_return = threading.Event(), threading.Event()

    class Slow(Spool):
        def commit(self, items: Sequence[Item], **settings: Any) -> Committed:
            done = super().commit(items, **settings)
            committed.set()
            may_return.wait()
            return done

    async with Outbox(Slow(tmp_path / "o"), commit_every=0.001) as outbox, anyio.create_task_group() as tasks:
        tasks.start_soon(outbox.put, bodies(1, 2, 3))
        await until(committed.is_set)
        counts = outbox.counts()
        may_return.set()
    assert (counts.depth, counts.stored) == (3, 0)
    assert (outbox.counts().depth, outbox.counts().stored) == (3, 3)


async def test_records_that_were_given_back_come_again_first(tmp_path: Path) -> None:
    async with Outbox(Spool(tmp_path / "o"), commit_every=0.001) as outbox:
        await outbox.put(bodies(1, 2, 3))
        taken = await outbox.take(2)
        outbox.give_back(taken)
        assert ids(await outbox.take(3)) == ["r-1", "r-2", "r-3"]


async def test_high_priorities_overtake(tmp_path: Path) -> None:
    async with Outbox(Spool(tmp_path / "o"), commit_every=0.001) as outbox:
        await outbox.put(bodies(1, 2))
        await outbox.put(bodies(3, priority=3))
        assert ids(await outbox.take(9)) == ["r-3", "r-1", "r-2"]


async def test_more_than_memory_holds_comes_from_the_disk_in_order(tmp_path: Path) -> None:
    async with Outbox(Spool(tmp_path / "o"), commit_every=0.001, memory=10) as outbox:
        for number in range(0, 100, 4):
            await outbox.put(bodies(*range(number, number + 4)))
        got: list[str] = []
        while len(got) < 100:
            items = await outbox.take(7)
            got += ids(items)
            outbox.acknowledge(items)
        assert got == [f"r-{number}" for number in range(100)]
        await until(lambda: outbox.counts().depth == 0)


async def test_what_was_not_acknowledged_comes_in_the_next_run(tmp_path: Path) -> None:
    async with Outbox(Spool(tmp_path / "o"), commit_every=0.001) as outbox:
        await outbox.put(bodies(1, 2, 3))
        outbox.acknowledge((await outbox.take(3))[:1])
    async with Outbox(Spool(tmp_path / "o")) as again:
        items = await again.take(9)
        assert ids(items) == ["r-2", "r-3"]
        assert all(again.is_old(item) for item in items)


@pytest.mark.parametrize("seed", range(5))
async def test_nothing_is_lost_or_invented_whatever_the_order_of_events(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    delivered: list[str] = []
    async with Outbox(Spool(tmp_path / "o"), commit_every=0.002, memory=16) as outbox:

        async def receive() -> None:
            while True:
                items = await outbox.take(chance.randint(1, 20))
                await anyio.sleep(chance.choice([0, 0, 0.003]))
                if chance.random() < 0.3:
                    outbox.give_back(items)
                else:
                    delivered.extend(ids(items))
                    outbox.acknowledge(items)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(receive)
            async with anyio.create_task_group() as putting:
                for number in range(0, 400, 4):
                    putting.start_soon(outbox.put, bodies(*range(number, number + 4)))
                    if chance.random() < 0.3:
                        await anyio.sleep(0.002)
            await until(lambda: len(set(delivered)) == 400)
            await until(lambda: outbox.counts().depth == 0)
            tasks.cancel_scope.cancel()
    assert sorted(delivered) == sorted(f"r-{number}" for number in range(400))
    assert inspect_outbox(tmp_path / "o").depth == 0


async def test_records_that_cannot_be_stored_are_told_and_the_next_ones_are(tmp_path: Path) -> None:
    spool = ManualSpool(tmp_path / "o")
    async with Outbox(spool, commit_every=0.001) as outbox:
        spool.broken = True
        with pytest.raises(SinkError, match="the disk is gone"):
            await outbox.put(bodies(1))
        spool.broken = False
        await outbox.put(bodies(2))
        assert ids(await outbox.take(9)) == ["r-2"]


async def test_dropped_records_are_not_sent_either(tmp_path: Path) -> None:
    async with Outbox(Spool(tmp_path / "o", cap_bytes=SMALLEST_CAP), commit_every=0.001, memory=100_000) as outbox:
        for number in range(150):
            await outbox.put([(1, json.dumps({"id": f"r-{number}", "x": "y" * 20_000}).encode())])
        counts = outbox.counts()
        assert counts.dropped[1] == 150 - counts.depth > 0
        assert len(await outbox.take(1000)) == counts.depth
        assert counts.bytes <= SMALLEST_CAP


async def test_a_full_outbox_that_blocks_takes_records_again_when_some_have_left(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "o", cap_bytes=SMALLEST_CAP, when_full="block")
    done: list[int] = []
    async with Outbox(spool, commit_every=0.001) as outbox, anyio.create_task_group() as tasks:

        async def put(number: int) -> None:
            await outbox.put([(1, json.dumps({"id": f"r-{number}", "x": "y" * 100_000}).encode())])
            done.append(number)

        for number in range(40):
            tasks.start_soon(put, number)
        await until(lambda: done)
        await anyio.sleep(0.5)
        assert len(done) < 40
        while len(done) < 40:
            outbox.acknowledge(await outbox.take(1))
            await anyio.sleep(0.001)


async def test_a_record_that_is_too_large_is_refused(tmp_path: Path) -> None:
    async with Outbox(Spool(tmp_path / "o")) as outbox:
        with pytest.raises(DataError, match="131,072 at most"):
            await outbox.put([(1, b"x" * 300_000)])


async def test_inspecting_does_not_disturb(tmp_path: Path) -> None:
    async with Outbox(Spool(tmp_path / "o"), commit_every=0.001) as outbox:
        await outbox.put(bodies(1, 2, priority=2))
        seen = await anyio.to_thread.run_sync(partial(inspect_outbox, tmp_path / "o", limit=1))
        assert (seen.depth, seen.by_priority, seen.counters["stored"]) == (2, {2: 2}, 2)
        assert seen.records == [{"id": "r-1"}]
        assert seen.oldest_put_ns is not None
        await outbox.put(bodies(3))
