"""What every sink does, whatever it writes to."""

from __future__ import annotations

import io
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

from edge_runtime.errors import DataError, SinkError
from edge_runtime.store import Entry, Store, StoreReader, StoreSink
from edge_runtime.store.tables import TABLES
from edge_runtime.telemetry import (
    Forwarder,
    JsonLinesSink,
    MemoryCarrier,
    MemorySink,
    Outbox,
    OutboxSink,
    Sink,
    Spool,
    StandardOutputSink,
    make_record,
)
from edge_runtime.telemetry.borrowed import BorrowedSink
from edge_runtime.telemetry.outbox import Item, inspect_outbox
from edge_runtime.telemetry.outbox.spool import Committed

pytestmark = pytest.mark.anyio


class Bench(ABC):
    """A sink, what it has made durable, and a way to break and mend it."""

    sink: Sink

    @abstractmethod
    def durable(self) -> list[dict[str, Any]]: ...

    @abstractmethod
    def break_it(self) -> None: ...

    @abstractmethod
    def mend_it(self) -> None: ...


class MemoryBench(Bench):
    def __init__(self) -> None:
        self.sink: MemorySink = MemorySink()

    def durable(self) -> list[dict[str, Any]]:
        return self.sink.records

    def break_it(self) -> None:
        self.sink.broken = True

    def mend_it(self) -> None:
        self.sink.broken = False


class BorrowedBench(MemoryBench):
    def __init__(self) -> None:
        super().__init__()
        self.lender, self.sink = self.sink, BorrowedSink(self.sink)

    def durable(self) -> list[dict[str, Any]]:
        return self.lender.records

    def break_it(self) -> None:
        self.lender.broken = True

    def mend_it(self) -> None:
        self.lender.broken = False


class FileBench(Bench):
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = folder / "records.jsonl"
        self.sink = JsonLinesSink(self.path)
        self.monkeypatch = monkeypatch

    def durable(self) -> list[dict[str, Any]]:
        text = self.path.read_text() if self.path.exists() else ""
        assert text == "" or text.endswith("\n")
        return [json.loads(line) for line in text.splitlines()]

    def break_it(self) -> None:
        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        self.monkeypatch.setattr("os.fsync", full)

    def mend_it(self) -> None:
        self.monkeypatch.undo()


class OutputBench(Bench):
    class Pipe(io.BytesIO):
        broken = False

        def write(self, data: Any) -> int:
            if self.broken:
                raise BrokenPipeError(32, "Broken pipe")
            return super().write(data)

    def __init__(self) -> None:
        self.buffer = self.Pipe()
        self.sink = StandardOutputSink(self.buffer)

    def durable(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.buffer.getvalue().decode().splitlines()]

    def break_it(self) -> None:
        self.buffer.broken = True

    def mend_it(self) -> None:
        self.buffer.broken = False


class BreakableSpool(Spool):
    """Fails on demand, and remembers what was committed."""

    broken = False

    def commit(self, items: Sequence[Item], **settings: Any) -> Committed:
        if self.broken:
            raise SinkError("set to fail")
        return super().commit(items, **settings)


class OutboxBench(Bench):
    """An outbox whose records nobody fetches: what is on the disk is what is durable."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "outbox"
        self.spool = BreakableSpool(self.path)
        outbox = Outbox(self.spool, commit_every=0.001)
        self.sink = OutboxSink(outbox, Forwarder(outbox, MemoryCarrier(reachable=False)))

    def durable(self) -> list[dict[str, Any]]:
        return inspect_outbox(self.path, limit=1000).records

    def break_it(self) -> None:
        self.spool.broken = True

    def mend_it(self) -> None:
        self.spool.broken = False


class BreakableStore(Store):
    broken = False

    def add(self, entries: Sequence[Entry]) -> None:
        if self.broken:
            raise SinkError("set to fail")
        super().add(entries)


class StoreBench(Bench):
    def __init__(self, folder: Path) -> None:
        self.path = folder / "store"
        self.store = BreakableStore(self.path)
        self.sink = StoreSink(self.store, commit_every=0.001)

    def durable(self) -> list[dict[str, Any]]:
        self.store.open()
        with StoreReader(self.path) as reader:
            return list(reader.rows(TABLES["event"]))

    def break_it(self) -> None:
        self.store.broken = True

    def mend_it(self) -> None:
        self.store.broken = False


@pytest.fixture(params=["memory", "borrowed", "file", "output", "outbox", "store"])
def bench(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    if request.param == "memory":
        return MemoryBench()
    if request.param == "borrowed":
        return BorrowedBench()
    if request.param == "outbox":
        return OutboxBench(tmp_path)
    if request.param == "store":
        return StoreBench(tmp_path)
    if request.param == "file":
        return FileBench(tmp_path, monkeypatch)
    return OutputBench()


def records(*numbers: int) -> list[dict[str, Any]]:
    return [make_record("test", record_id=f"r-{number}", t_ns=number) for number in numbers]


def ids(kept: list[dict[str, Any]]) -> list[str]:
    return [record["id"] for record in kept]


async def test_records_are_durable_when_put_returns(bench: Bench) -> None:
    async with bench.sink as sink:
        await sink.put(records(1, 2))
        assert ids(bench.durable()) == ["r-1", "r-2"]
        await sink.put(records(3))
        assert ids(bench.durable()) == ["r-1", "r-2", "r-3"]
    assert (sink.acknowledged, sink.failed) == (3, 0)


async def test_nothing_to_put_is_no_mistake(bench: Bench) -> None:
    async with bench.sink as sink:
        await sink.put([])
    assert bench.durable() == []


async def test_many_tasks_may_put_at_once(bench: Bench) -> None:
    async with bench.sink as sink, anyio.create_task_group() as tasks:
        for first in range(0, 100, 2):
            tasks.start_soon(sink.put, records(first, first + 1))
    kept = ids(bench.durable())
    assert sorted(kept) == sorted(ids(records(*range(100))))
    # A call's own records stay together and in order.
    assert all(kept.index(f"r-{i + 1}") == kept.index(f"r-{i}") + 1 for i in range(0, 100, 2))
    assert sink.acknowledged == 100


async def test_a_failure_is_raised_and_counted_and_the_sink_goes_on(bench: Bench) -> None:
    async with bench.sink as sink:
        await sink.put(records(1))
        bench.break_it()
        with pytest.raises(SinkError):
            await sink.put(records(2, 3))
        bench.mend_it()
        await sink.put(records(4))
    assert (sink.acknowledged, sink.failed) == (2, 2)
    assert ids(bench.durable()) == ["r-1", "r-4"]


async def test_a_record_that_cannot_be_encoded_takes_none_of_its_call(bench: Bench) -> None:
    async with bench.sink as sink:
        with pytest.raises(DataError):
            await sink.put([*records(1), {"id": "bad", "value": float("nan")}])
        await sink.put(records(2))
    assert ids(bench.durable()) == ["r-2"]


async def test_a_closed_sink_takes_nothing(bench: Bench) -> None:
    await bench.sink.close()
    await bench.sink.close()
    with pytest.raises(SinkError, match="closed"):
        await bench.sink.put(records(1))
    assert bench.sink.failed == 1
