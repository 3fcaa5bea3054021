"""A daemon in this process that a test drives while it runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from unittest.mock import patch

import anyio
import anyio.lowlevel
import anyio.to_thread

from edge_runtime.daemon.device import RunningDevice
from edge_runtime.daemon.plant import Plant
from edge_runtime.sources.pace import Pacer
from support.mosquitto import wait_for_port
from support.waiting import until

__all__ = ["can_be_asked", "drive"]


class _DoneError(Exception):
    """Ends a stream that would go on."""


def drive(made: Plant, script: Callable[[RunningDevice], Awaitable[None]], *, whole: bool = False) -> None:
    """Run a pipeline and a script beside it, until the script is done; where the `whole` stream is wanted, to its end.

    What is left of a paced recording when the script is done comes as fast as it is taken.
    """
    done = False

    class Hurried(Pacer):
        async def wait(self, *, first_ns: int, due_ns: int) -> None:
            if not done:
                await super().wait(first_ns=first_ns, due_ns=due_ns)
            await anyio.lowlevel.checkpoint()

    async def beside() -> None:
        nonlocal done
        await until(made.device.is_ready)
        await script(made.device)
        done = True
        if not whole:
            raise _DoneError

    with suppress(_DoneError), patch("edge_runtime.sources.recording.Pacer", Hurried):
        anyio.run(partial(made.run, beside=[beside]))


async def can_be_asked(device: RunningDevice, port: int) -> None:
    """Wait until a device's service listens at a port, and its brokers know what it has subscribed to."""
    await anyio.to_thread.run_sync(wait_for_port, port)

    def links() -> list[bool]:
        return [sink["link"]["connected"] for sink in device.status()["sinks"].values() if "link" in sink]

    await until(lambda: all(links()))
