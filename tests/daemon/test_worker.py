from __future__ import annotations

import threading
import time

import anyio
import pytest

from edge_runtime.daemon.worker import Worker

pytestmark = pytest.mark.anyio


async def test_every_call_runs_in_the_same_thread_which_is_not_the_loops() -> None:
    async with Worker("w") as worker:
        threads = {await worker.run(threading.get_ident) for _ in range(20)}
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_what_a_call_returns_and_raises_comes_back() -> None:
    async with Worker("w") as worker:
        assert await worker.run(divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await worker.run(divmod, 7, 0)


async def test_calls_never_overlap() -> None:
    running = 0
    most = 0

    def call() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.001)
        running -= 1

    async with Worker("w") as worker, anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(worker.run, call)
    assert most == 1


async def test_a_cancelled_call_is_waited_for() -> None:
    began, may_end = threading.Event(), threading.Event()
    ended = False

    def call() -> None:
        nonlocal ended
        began.set()
        may_end.wait()
        ended = True

    async with Worker("w") as worker, anyio.create_task_group() as tasks:
        tasks.start_soon(worker.run, call)
        await anyio.to_thread.run_sync(began.wait)
        tasks.cancel_scope.cancel()
        may_end.set()
    assert ended


async def test_a_task_that_is_cancelled_already_starts_nothing() -> None:
    called = False

    def call() -> None:
        nonlocal called
        called = True

    async with Worker("w") as worker:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await worker.run(call)
    assert not called
