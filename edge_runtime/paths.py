"""Where the project's own files lie (a checkout or an installed wheel), and where it may keep others."""

from __future__ import annotations

import os
from pathlib import Path

from edge_runtime.errors import ToolError

__all__ = ["bitstream_folder", "board_folder", "cache_folder", "examples_folder", "rtl_folder"]

_PACKAGE = Path(__file__).resolve().parent


def rtl_folder() -> Path:
    """Return the folder of the Verilog library.

    Raises
    ------
    ToolError
        If this installation has none.
    """
    return _data_folder("rtl")


def board_folder() -> Path:
    """Return the folder of the board configurations.

    Raises
    ------
    ToolError
        If this installation has none.
    """
    return _data_folder("board_configs")


def bitstream_folder() -> Path:
    """Return the folder of the bitstreams, one folder a board that has one.

    Raises
    ------
    ToolError
        If this installation has none.
    """
    return _data_folder("bitstreams")


def examples_folder() -> Path:
    """Return the folder of the examples with their committed networks.

    Raises
    ------
    ToolError
        If this installation has none.
    """
    return _data_folder("examples")


def cache_folder() -> Path:
    """Return the folder for what can be made again: simulation builds. It may not exist yet.

    The environment's EDGE_RUNTIME_CACHE names it; otherwise it is ``edge_runtime`` under XDG_CACHE_HOME, or
    under ``~/.cache``.
    """
    own = os.environ.get("EDGE_RUNTIME_CACHE")
    if own:
        return Path(own).expanduser()
    # The XDG base directory specification: a relative XDG_CACHE_HOME is to be ignored.
    shared = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (shared if shared.is_absolute() else Path.home() / ".cache") / "edge_runtime"


def _data_folder(name: str) -> Path:
    """Prefer what a wheel packed beside the code; a checkout has the folder beside the package."""
    candidates = (_PACKAGE / "_data" / name, _PACKAGE.parent / name)
    for folder in candidates:
        if folder.is_dir():
            return folder
    looked = " and ".join(str(folder) for folder in candidates)
    raise ToolError(f"this installation has no {name} folder (looked at {looked}); install it again")
