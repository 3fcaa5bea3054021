"""Files that are there wholly or not at all, also after a power cut."""

from __future__ import annotations

import os
from pathlib import Path

from edge_runtime.errors import StateError

__all__ = ["sync_folder", "write_atomically"]


def write_atomically(path: Path, data: bytes, *, what: str) -> None:
    """Write a file beside its place, synchronise it, and put it there.

    Parameters
    ----------
    path
        Where it goes.
    data
        What is in it.
    what
        What it is, for the message: ``"the checkpoint"``.

    Raises
    ------
    StateError
        If it cannot be written; what was there stays.
    """
    temporary = path.with_suffix(".part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise StateError(f"{what} {path} cannot be written: {error.strerror}") from error


def sync_folder(folder: Path) -> None:
    """Make durable which files a folder has."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
