"""A daemon in this process that a test drives while it runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import anyio

from edge_runtime.daemon.device import RunningDevice
from edge_runtime.daemon.plant import Plant

__all__ = ["drive"]


class _DoneError(Exception):
    """Ends a stream that would go on."""


def drive(made: Plant, script: Callable[[RunningDevice], Awaitable[None]], *, whole: bool = False) -> None:
    """Run a pipeline and a script beside it, until the script is done, or the `whole` stream is."""

    async def beside() -> None:
        while not made.device.is_ready():
            await anyio.sleep(0.01)
        await script(made.device)
        if not whole:
            raise _DoneError

    with suppress(_DoneError):
        anyio.run(partial(made.run, beside=[beside]))
