"""What a bitstream was made from, and what came of it: ``bitstreams/<board>/manifest.json``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, PositiveFloat, PositiveInt

from edge_runtime.config import Table, parse_table
from edge_runtime.errors import ConfigError, StateError
from edge_runtime.paths import bitstream_folder

__all__ = ["Manifest", "bitstream_of", "read_manifest", "write_manifest"]

_NAME = "manifest.json"
_Sha256 = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(Table):
    """What is said of one bitstream.

    `sources` is the hash of the Verilog that it was made from (comments and blanks do not count), `files` the names of
    the files whose modules its top has in it, `parameters` the overlay's.
    """

    board: str
    device: str
    sources: str = _Sha256
    files: tuple[str, ...]
    parameters: str
    clock_mhz: PositiveFloat
    fmax_mhz: PositiveFloat
    seed: int
    lut: PositiveInt
    ff: PositiveInt
    dsp: PositiveInt
    bram36: PositiveFloat
    tools: Mapping[str, str]
    bitstream: str
    bitstream_sha256: str = _Sha256


def read_manifest(board: str, folder: Path | None = None) -> Manifest | None:
    """Return a board's manifest, or None if it has none.

    Parameters
    ----------
    board
        The board's name.
    folder
        The folder with the boards' folders; the project's own unless it is given.

    Raises
    ------
    StateError
        If it is damaged.
    """
    path = (folder or bitstream_folder()) / board / _NAME
    if not path.is_file():
        return None
    try:
        return parse_table(json.loads(path.read_text()), Manifest, str(path))
    except (ConfigError, ValueError) as error:
        raise StateError(f"{path}: damaged ({error}); make it again with `make bitstreams`") from error


def bitstream_of(manifest: Manifest, folder: Path | None = None) -> Path:
    """Return the bitstream that a manifest belongs to.

    Raises
    ------
    StateError
        If it is not there or is another one.
    """
    path = (folder or bitstream_folder()) / manifest.board / manifest.bitstream
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != manifest.bitstream_sha256:
        raise StateError(f"{path}: not the bitstream of its manifest; make both again with `make bitstreams`")
    return path


def write_manifest(about: Mapping[str, Any], bitstream: bytes, folder: Path) -> None:
    """Write a bitstream and its manifest into a folder.

    Parameters
    ----------
    about
        The manifest's fields, without the bitstream's.
    bitstream
        The bitstream.
    folder
        Of the board, under ``bitstreams/``.

    Raises
    ------
    ConfigError
        If it cannot be written.
    """
    name = f"{about['board']}.bit"
    sha256 = hashlib.sha256(bitstream).hexdigest()
    manifest = Manifest.model_validate({**about, "bitstream": name, "bitstream_sha256": sha256})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(bitstream)
        (folder / _NAME).write_text(json.dumps(manifest.model_dump(mode="json"), indent=2) + "\n")
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written ({error.strerror}); name another folder") from error
