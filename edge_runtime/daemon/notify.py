"""Tells systemd that the daemon is ready, alive, or stopping (sd_notify(3)); does nothing where nobody listens."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress

import anyio

__all__ = ["keep_watchdog", "notify"]

LOOK_S = 0.2


def notify(state: str) -> bool:
    """Send a state to systemd's socket, and say whether there is one.

    Parameters
    ----------
    state
        ``READY=1``, ``WATCHDOG=1``, ``STOPPING=1`` ….
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    # A name that begins with @ is abstract: it lies in no folder.
    target = "\0" + address[1:] if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        # Nobody may hold up the event loop, not even systemd.
        sender.setblocking(False)
        sender.sendto(state.encode(), target)
        return True
    return False


async def keep_watchdog(is_ready: Callable[[], bool]) -> None:
    """Tell that the daemon is ready as soon as it is, then that it is alive, for ever; at the end that it stops.

    This runs on the event loop: a loop that hangs is noticed by the watchdog, twice as often as it asks.
    """
    while not is_ready():
        await anyio.sleep(LOOK_S)
    notify("READY=1")
    every = int(os.environ.get("WATCHDOG_USEC") or 60_000_000) / 2e6
    try:
        while True:
            notify("WATCHDOG=1")
            await anyio.sleep(every)
    finally:
        notify("STOPPING=1")
