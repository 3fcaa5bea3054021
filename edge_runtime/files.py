"""Files that verbs read and write."""

from __future__ import annotations

from pathlib import Path

from edge_runtime.errors import ConfigError, ModelError

__all__ = ["read_file", "read_model", "set_aside", "write_file"]


def read_model(path: Path) -> bytes:
    """Return a model file's content.

    Raises
    ------
    ModelError
        If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); give the path of a .tflite file") from error


def read_file(path: Path, what: str) -> bytes:
    """Return a file's content.

    Parameters
    ----------
    path
        The file.
    what
        What it should be, with its article, for the message.

    Raises
    ------
    ConfigError
        If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); give the path of {what}") from error


def write_file(path: Path, content: bytes) -> None:
    """Write a file.

    Raises
    ------
    ConfigError
        If it cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror}); name another path") from error


def set_aside(path: Path, *, also: tuple[str, ...] = ()) -> Path:
    """Rename a damaged file so that a new one can take its place, and return its new name.

    Parameters
    ----------
    path
        The file.
    also
        Ends of the names of files beside it that belong to it, such as ``-wal``.

    Raises
    ------
    OSError
        If it cannot be renamed.
    """
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for end in also:
        beside = path.with_name(path.name + end)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + end))
    return path.rename(aside)
