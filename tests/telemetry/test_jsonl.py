from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import anyio
import pytest

from edge_runtime.errors import SinkError
from edge_runtime.telemetry import JsonLinesSink, make_record

pytestmark = pytest.mark.anyio


def record(number: int) -> dict[str, object]:
    return make_record("test", record_id=f"r-{number}", t_ns=number)


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


async def test_a_second_run_appends(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    for number in (1, 2):
        async with JsonLinesSink(path) as sink:
            await sink.put([record(number)])
    assert ids(path) == ["r-1", "r-2"]


@pytest.mark.parametrize("torn", [b'{"id":"r-', b'{"id":"' + b"x" * 200_000])
@pytest.mark.parametrize("whole", [b"", b'{"id":"r-0"}\n'])
async def test_a_line_that_a_crash_left_unfinished_is_cut_off(tmp_path: Path, whole: bytes, torn: bytes) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(whole + torn)
    async with JsonLinesSink(path) as sink:
        await sink.put([record(1)])
    assert ids(path) == (["r-0"] if whole else []) + ["r-1"]


async def test_a_write_that_stops_half_way_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.jsonl"
    real_write = os.write

    def half(descriptor: int, data: bytes) -> int:
        if len(data) < 20:
            raise OSError(28, "No space left on device")
        return real_write(descriptor, data[: len(data) // 2])

    async with JsonLinesSink(path) as sink:
        await sink.put([record(1)])
        monkeypatch.setattr("os.write", half)
        with pytest.raises(SinkError, match=r"r\.jsonl: records cannot be written: No space left.*name another path"):
            await sink.put([record(2)])
        assert ids(path) == ["r-1"]
        monkeypatch.undo()
        await sink.put([record(3)])
    assert ids(path) == ["r-1", "r-3"]


async def test_a_real_full_device_is_reported() -> None:
    async with JsonLinesSink("/dev/full") as sink:
        with pytest.raises(SinkError, match="/dev/full: records cannot be written"):
            await sink.put([record(1)])


async def test_a_folder_that_is_not_there_is_reported_until_it_is(tmp_path: Path) -> None:
    path = tmp_path / "later" / "r.jsonl"
    async with JsonLinesSink(path) as sink:
        with pytest.raises(SinkError, match="No such file or directory"):
            await sink.put([record(1)])
        path.parent.mkdir()
        await sink.put([record(2)])
    assert ids(path) == ["r-2"]


async def test_puts_that_wait_share_one_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", synced.append)
    async with JsonLinesSink(tmp_path / "r.jsonl") as sink:
        await sink.put([record(0)])
        synced.clear()
        async with anyio.create_task_group() as tasks:
            for number in range(1, 51):
                tasks.start_soon(sink.put, [record(number)])
    assert len(ids(tmp_path / "r.jsonl")) == 51
    assert len(synced) <= 2


async def test_the_loop_goes_on_while_the_disk_is_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr("os.fsync", lambda descriptor: released.wait())
    async with JsonLinesSink(tmp_path / "r.jsonl") as sink, anyio.create_task_group() as tasks:
        tasks.start_soon(sink.put, [record(1)])
        await anyio.wait_all_tasks_blocked()
        assert sink.acknowledged == 0
        released.set()
    assert sink.acknowledged == 1


async def test_a_cancelled_put_is_written_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.jsonl"
    released = threading.Event()
    monkeypatch.setattr("os.fsync", lambda descriptor: released.wait())
    async with JsonLinesSink(path) as sink, anyio.create_task_group() as tasks:
        tasks.start_soon(sink.put, [record(1)])
        await anyio.wait_all_tasks_blocked()
        with anyio.move_on_after(0.01):
            await sink.put([record(2)])
        released.set()
        await sink.put([record(3)])
    assert ids(path) == ["r-1", "r-2", "r-3"]
    assert sink.acknowledged == 2
