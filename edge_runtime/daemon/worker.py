"""One thread for blocking calls that must not overlap, so that nothing blocks the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import TracebackType
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
from typing_extensions import ParamSpec, Self

__all__ = ["Worker"]

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """Runs calls one after the other in a thread of its own, always the same one.

    An accelerator is not thread-safe, and a simulation may tie its state to the thread that made it: open it,
    use it and close it through one worker. Used with ``async with``; the thread ends with the block.

    Parameters
    ----------
    name
        What the thread is called in a debugger and in stack dumps.
    """

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call in the worker's thread and return what it returns, or raise what it raises.

        A call that has begun is always waited for: a cancelled task leaves only after it, because the next
        call may not overlap it.
        """
        await anyio.lowlevel.checkpoint_if_cancelled()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            try:
                found = call(*args, **kwargs)
            except BaseException as error:
                loop.call_soon_threadsafe(_settle, done.set_exception, done, error)
            else:
                loop.call_soon_threadsafe(_settle, done.set_result, done, found)

        self._calls.put(work)
        with anyio.CancelScope(shield=True):
            await done
        return done.result()

    def _work(self) -> None:
        for work in iter(self._calls.get, None):
            work()

    async def __aenter__(self) -> Self:
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Nothing is running any more: `run` waits for its call even when it is cancelled.
        self._calls.put(None)
        self._thread.join()


def _settle(settle: Callable[[Any], None], done: asyncio.Future[Any], outcome: Any) -> None:
    if not done.cancelled():
        settle(outcome)
