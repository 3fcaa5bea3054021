"""Reading and writing files."""

from __future__ import annotations

import os
from pathlib import Path

from edge_runtime.errors import ConfigError, InputError, ModelError

__all__ = ["read_file", "read_model", "replace_durably", "set_aside", "sync_folder", "write_file"]


def read_model(path: Path) -> bytes:
    """Return a model file's content.

    Raises
    ------
    ModelError
        If it cannot be read.
    """
    return read_file(path, "a .tflite file", wrong=ModelError)


def read_file(path: Path, what: str, *, wrong: type[InputError] = ConfigError) -> bytes:
    """Return a file's content.

    Parameters
    ----------
    path
        The file.
    what
        What it should be, with its article, for the message.
    wrong
        The error.

    Raises
    ------
    InputError
        Of the kind `wrong`, if it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise wrong(f"{path}: cannot be read ({error.strerror}); give the path of {what}") from error


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


def replace_durably(path: Path, content: bytes) -> None:
    """Replace a file so that a power cut leaves all of the old one or all of the new one.

    What it is written to first has the same name and ``.new``; a cut may leave it.

    Raises
    ------
    OSError
        If it cannot be written; what was there stays.
    """
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    beside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make durable which files a folder has.

    Raises
    ------
    OSError
        If that cannot be done.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
