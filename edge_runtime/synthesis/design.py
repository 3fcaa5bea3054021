"""What is synthesised: a top module, its files and its parameters, gathered in one folder."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from edge_runtime.board_files import HEADER_NAME, board_sources, board_top, render_board_header, render_lpf
from edge_runtime.boards import Board
from edge_runtime.compiler.resources import verilog_parameters
from edge_runtime.compiler.yosys_flow import product_map
from edge_runtime.paths import rtl_folder

__all__ = ["Design", "board_design", "overlay_design"]

# A string, or a comment: // to the end of the line, or /* to */.
_STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.S)


@dataclass(frozen=True)
class Design:
    """A top module with all that it needs.

    Parameters
    ----------
    top
        The module's name.
    family
        The FPGA family, as board files name it.
    files
        Verilog files.
    headers
        Contents of header files, and of what Yosys maps with, by name.
    parameters
        Of the top module.
    """

    top: str
    family: str
    files: tuple[Path, ...]
    headers: Mapping[str, str]
    parameters: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def gather(self, folder: Path) -> list[str]:
        """Copy everything into a folder and return the Verilog files' names there."""
        for name, content in self.headers.items():
            (folder / name).write_text(content)
        for path in self.files:
            shutil.copyfile(path, folder / path.name)
        return [path.name for path in self.files]

    def hash(self, names: Iterable[str] | None = None) -> str:
        """Return the SHA-256 of what is synthesised: the sources without comments and blanks, and the parameters.

        Parameters
        ----------
        names
            Of the Verilog files that count, where others are never reached; one that is not there counts as empty.
        """
        content = hashlib.sha256()
        sources = {path.name: path for path in self.files}
        counting = sources if names is None else dict.fromkeys(names)
        texts = {name: sources[name].read_text() if name in sources else "" for name in counting} | dict(self.headers)
        for name, text in sorted(texts.items()):
            content.update(f"{name}\0{_essence(text)}\0".encode())
        content.update(repr((self.top, self.family, sorted(self.parameters.items()))).encode())
        return content.hexdigest()


def overlay_design(board: Board) -> Design:
    """Return the overlay alone, with a board's parameters."""
    files = tuple(sorted(rtl_folder().glob("*.v")))
    parameters = verilog_parameters(board.overlay, board.part.family)
    return Design(board.overlay.top, board.part.family, files, _headers(), parameters)


def board_design(board: Board) -> Design:
    """Return a board's complete top: overlay, bridge, clock and pins.

    Raises
    ------
    ConfigError
        If the board has no top.
    """
    headers = {**_headers(), HEADER_NAME: render_board_header(board), f"{board.name}.lpf": render_lpf(board)}
    return Design(board_top(board), board.part.family, tuple(board_sources(board)), headers)


def _headers() -> dict[str, str]:
    return {path.name: path.read_text() for path in [*sorted(rtl_folder().glob("*.vh")), product_map()]}


def _essence(text: str) -> str:
    """Return a source without comments, and with single blanks."""
    bare = _STRING_OR_COMMENT.sub(lambda found: found[0] if found[0].startswith('"') else " ", text)
    return " ".join(bare.split())
