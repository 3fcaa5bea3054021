"""Waiting for something that another task, thread or process does."""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio

__all__ = ["DEADLINE_S", "until", "wait_until"]

DEADLINE_S = 300.0
"""Longer than any machine stalls: what has not come by then never comes. A test that passes does not wait for it."""


async def until(condition: Callable[[], object]) -> None:
    """Wait until something holds, and let the event loop go on."""
    with anyio.fail_after(DEADLINE_S):
        while not condition():
            await anyio.sleep(0.005)


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, "what was waited for did not happen"
        time.sleep(0.02)
