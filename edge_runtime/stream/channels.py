"""Channels by name."""

from __future__ import annotations

from collections.abc import Sequence

from edge_runtime.errors import DataError

__all__ = ["check_channel_names", "find_channels"]


def check_channel_names(channels: Sequence[str], *, where: str) -> None:
    """Refuse channels of which there are none, or two with one name.

    Raises
    ------
    DataError
        Naming the channel that is there twice.
    """
    if not channels:
        raise DataError(f"{where}: there is no channel; it needs at least one")
    for position, name in enumerate(channels):
        if name in channels[:position]:
            raise DataError(f"{where}: the channel {name!r} is there twice; every channel needs a name of its own")


def find_channels(wanted: Sequence[str], present: Sequence[str], *, where: str) -> list[int]:
    """Return the column of each wanted channel.

    Raises
    ------
    DataError
        Naming the channels that are missing and those that are there.
    """
    missing = [name for name in wanted if name not in present]
    if missing:
        noun = "channel" if len(missing) == 1 else "channels"
        raise DataError(f"{where}: no {noun} {', '.join(missing)}; it has {', '.join(present)}")
    return [list(present).index(name) for name in wanted]
