"""Files that verbs read and write."""

from __future__ import annotations

from pathlib import Path

from edge_runtime.errors import ConfigError, ModelError

__all__ = ["read_model", "write_file"]


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
