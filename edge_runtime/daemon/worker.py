"""One thread for blocking calls that must not overlap, so that nothing blocks the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

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
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call in the worker's thread and return what it returns, or raise what it raises.

        A call that has begun is always waited for: a cancelled task leaves only after it, because the next
        call may not overlap it.
        """
        await anyio.lowlevel.checkpoint_if_cancelled()
        future = asyncio.wrap_future(self._pool.submit(call, *args, **kwargs))
        with anyio.CancelScope(shield=True):
            await asyncio.wait([future])
        return future.result()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Nothing is running any more: `run` waits for its call even when it is cancelled.
        self._pool.shutdown(wait=True)
