"""Files that are there wholly or not at all, also after a power cut."""

from __future__ import annotations

from pathlib import Path

from edge_runtime.errors import StateError
from edge_runtime.files import replace_durably

__all__ = ["write_atomically"]


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
    try:
        replace_durably(path, data)
    except OSError as error:
        raise StateError(f"{what} {path} cannot be written: {error.strerror}") from error
