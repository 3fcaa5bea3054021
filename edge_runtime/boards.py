"""Boards as data: the part, its resources, its clock, the overlay's parameters and how the host reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field, PositiveInt, model_validator
from typing_extensions import Self

from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.config import Table, parse_toml
from edge_runtime.errors import ConfigError, InputError
from edge_runtime.paths import board_folder
from edge_runtime.units import Frequency

__all__ = [
    "Board",
    "Bus",
    "OverlayTable",
    "Part",
    "Pin",
    "PynqTable",
    "SerialTable",
    "board_file",
    "list_boards",
    "load_board",
]

Bus = Literal["verilator", "pynq", "uart"]


class Part(Table):
    """The FPGA and what it has; a simulation names the part that it stands for."""

    device: str
    family: Literal["xc7", "xcup", "ecp5"]
    lut: PositiveInt
    ff: PositiveInt
    dsp: PositiveInt
    bram36: PositiveInt = Field(description="block memories of 36 Kb")


class OverlayTable(Table):
    """The overlay's parameters as a board file writes them; `OverlayParameters` says what each means."""

    k_lanes: int
    oc_lanes: int
    requant_lanes: int
    act_bytes: int
    weight_rows: int
    param_channels: int
    descriptors: int
    packed: bool
    vec_lanes: int
    vec_weight_rows: int
    vec_param_channels: int
    table_pairs: int
    row_buffer_bytes: int
    axi_master: bool = False

    @model_validator(mode="after")
    def _possible(self) -> Self:
        try:
            self.parameters()
        except InputError as error:
            raise ValueError(str(error)) from error
        return self

    def parameters(self) -> OverlayParameters:
        """Return them as the type that the compiler, the driver and the simulation share."""
        return OverlayParameters(**self.model_dump())


class SerialTable(Table):
    """The serial cable between host and FPGA.

    `port` is where the host finds it unless told otherwise; `receives` and `sends` are ports of the board's top, as the
    FPGA sees them.
    """

    baud: PositiveInt
    port: str
    receives: str
    sends: str


class PynqTable(Table):
    """How PYNQ sees the overlay: its address, its bitstream (beside it lies the ``.hwh``), and the processor.

    `board_part` is what Vivado calls the board.
    """

    base_address: int = Field(ge=0)
    board_part: str
    bitstream: str
    arch: Literal["armv7l", "aarch64"]


class Pin(Table):
    """Where a port of the board's top leaves the FPGA, and its electrical side."""

    site: str
    standard: str = "LVCMOS33"
    pull: Literal["none", "up", "down"] = "none"
    drive_ma: PositiveInt | None = None


class Board(Table):
    """One board, as its TOML file describes it.

    `clock_hz` is what latencies are computed with. `clock_verified` says whether place and route, or the
    board itself, has shown that the overlay reaches it; where it is false, say so beside every latency.
    """

    model_config = ConfigDict(populate_by_name=True)

    name: str
    description: str
    bus: Bus
    clock_hz: Frequency = Field(alias="clock")
    clock_verified: bool
    part: Part
    overlay_table: OverlayTable = Field(alias="overlay", repr=False)
    oscillator_hz: Frequency | None = Field(
        None, alias="oscillator", description="what the overlay's clock is made from"
    )
    oscillator_pin: str | None = Field(None, description="the port of the board's top that it comes in by")
    programmer: str | None = Field(None, description="what openFPGALoader calls the board")
    serial: SerialTable | None = Field(None, description="rate and port of the serial cable")
    pynq: PynqTable | None = Field(None, description="address and bitstream of the overlay on a Zynq")
    pins: Mapping[str, Pin] = Field(default={}, description="ports of the board's top, each with its site")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.bus == "uart":
            made = self.oscillator_hz and self.oscillator_pin and self.programmer
            if self.serial is None or self.oscillator_pin is None or not made:
                raise ValueError(
                    "a board with bus = 'uart' needs the table serial, oscillator, oscillator_pin and programmer"
                )
            for port in (self.oscillator_pin, self.serial.receives, self.serial.sends):
                if port not in self.pins:
                    raise ValueError(
                        f"{port} is no key of the table pins; the top's ports must be there, with their sites"
                    )
        if self.bus == "pynq" and self.pynq is None:
            raise ValueError(
                "a board with bus = 'pynq' needs the table pynq: base_address, board_part, bitstream and arch"
            )
        if self.bus != "verilator" and self.overlay_table.axi_master != (self.bus == "pynq"):
            raise ValueError(
                "overlay.axi_master must be true where bus = 'pynq', as those tops have a port to memory, or else false"
            )
        return self

    @cached_property
    def overlay(self) -> OverlayParameters:
        """The parameters of the overlay that this board carries."""
        return self.overlay_table.parameters()


def list_boards() -> list[str]:
    """Return the names of the boards that this installation knows, sorted."""
    return sorted(path.stem for path in board_folder().glob("*.toml"))


def board_file(name_or_path: str | Path) -> Path:
    """Return the file of a board that is known by its name, or a file of one's own (a path that ends in ``.toml``).

    Raises
    ------
    ConfigError
        If there is no board of that name.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml":
        return path
    known = board_folder() / f"{name_or_path}.toml"
    if not known.is_file():
        names = ", ".join(list_boards())
        raise ConfigError(f"board {str(name_or_path)!r} is unknown; known boards: {names}; or give a .toml file")
    return known


def load_board(name_or_path: str | Path) -> Board:
    """Read a board by its name, or from a file of one's own (a path that ends in ``.toml``).

    Raises
    ------
    ConfigError
        If there is no such board, or its file has a mistake.
    """
    return parse_toml(board_file(name_or_path), Board)
