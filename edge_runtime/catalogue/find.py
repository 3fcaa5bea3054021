"""From what a user calls a model, a path or a name, to its file."""

from __future__ import annotations

import os
from pathlib import Path

from edge_runtime.catalogue.known import KnownModel, known_models, suggestion
from edge_runtime.errors import ModelError
from edge_runtime.paths import cache_folder

__all__ = ["FOLDER_VARIABLE", "find_model", "locate", "model_folder"]

FOLDER_VARIABLE = "EDGE_RUNTIME_MODELS"


def find_model(name_or_path: str | Path) -> Path:
    """Return the file of a model.

    Parameters
    ----------
    name_or_path
        A path, which is returned as it is, or the name of a known model: its file is then looked for in the
        folder that the environment's EDGE_RUNTIME_MODELS names, and in the cache. A file that is there goes before
        a name.

    Raises
    ------
    ModelError
        If it is a bare word that is neither a file nor a known name, or a known name whose file is not on this
        machine, or is another one.
    """
    path = Path(name_or_path)
    if path.exists() or path.suffix or len(path.parts) != 1:
        return path
    model = known_models().get(path.name)
    if model is None:
        raise ModelError(f"{path.name!r} is neither a file nor a model's name; {suggestion(path.name)}")
    found = locate(model)
    if found is None:
        given = os.environ.get(FOLDER_VARIABLE)
        beside = f" nor in {FOLDER_VARIABLE}={given}" if given else ""
        raise ModelError(
            f"{model.name}: its file is not in the cache{beside}; run `edge-runtime models fetch {model.name}`, or let "
            f"{FOLDER_VARIABLE} name a folder with {model.name}.tflite"
        )
    return found


def locate(model: KnownModel) -> Path | None:
    """Return a known model's file on this machine, or None.

    Raises
    ------
    ModelError
        If a file of its name is there, with another content.
    """
    given = os.environ.get(FOLDER_VARIABLE)
    folders = [*([Path(given).expanduser()] if given else []), model_folder()]
    for folder in folders:
        path = folder / f"{model.name}.tflite"
        if path.is_file():
            _check(model, path)
            return path
    return None


def model_folder() -> Path:
    """Return the cache's folder for models. It may not exist yet."""
    return cache_folder() / "models"


def _check(model: KnownModel, path: Path) -> None:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from error
    if not model.is_content(content):
        raise ModelError(
            f"{path}: is not {model.name} (its SHA-256 should be {model.sha256[:16]}…); remove the file, then run "
            f"`edge-runtime models fetch {model.name}`, or give the file's path in place of the name"
        )
