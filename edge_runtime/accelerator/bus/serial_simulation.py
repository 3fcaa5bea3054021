"""A simulated board on a serial cable: the verilated board top behind a pseudo-terminal, in a process of its own."""

from __future__ import annotations

import subprocess
from types import TracebackType

from typing_extensions import Self

from edge_runtime.accelerator.bus.uart import UartBus
from edge_runtime.accelerator.bus.verilator_build import Design, build_design
from edge_runtime.board_files import HEADER_NAME, SIMULATED_CLOCKS_PER_BIT, board_sources, render_board_header
from edge_runtime.boards import Board
from edge_runtime.errors import BusError, ConfigError, ToolError
from edge_runtime.paths import rtl_folder

__all__ = ["SimulatedSerialBoard", "SimulatedUartBus", "serial_board_design"]

_END_S = 10.0
# A simulated line is slower than the rate that the host believes in.
_PATIENCE_S = 2.0


class SimulatedSerialBoard:
    """A board whose serial port is `port` while this lives; a context manager.

    The clock runs on its own, as a board's does, and rests when nothing has happened for long. A bit takes 16 clocks.

    Parameters
    ----------
    board
        One with ``bus = "uart"``.
    noise_to_board, noise_to_host
        Chance of each character to be flipped, lost or followed by one from nowhere.
    seed
        Of that noise.
    design
        What is simulated, such as a netlist of the board's top; the top from its sources unless it is given.

    Raises
    ------
    ConfigError
        If the board has no serial cable.
    ToolError
        If the simulation cannot be built or started.
    """

    def __init__(
        self,
        board: Board,
        *,
        noise_to_board: float = 0.0,
        noise_to_host: float = 0.0,
        seed: int = 0,
        design: Design | None = None,
    ) -> None:
        program = build_design(design or serial_board_design(board))
        self._process = subprocess.Popen(
            [str(program), str(seed), str(noise_to_board), str(noise_to_host)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        self.port = self._process.stdout.readline().strip()
        if not self.port:
            self.close()
            raise ToolError(f"the simulated board {board.name} did not start: it found no pseudo-terminal")

    def close(self) -> None:
        """End the simulation; closing twice does nothing."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SimulatedUartBus(UartBus):
    """The bus to a simulated board on a serial cable, which lives as long as the bus.

    Parameters
    ----------
    board
        One with ``bus = "uart"``.
    noise
        Chance of each character, in either direction, to be damaged.
    seed
        Of that noise.

    Raises
    ------
    ConfigError
        If the board has no serial cable.
    ToolError
        If the simulation cannot be built or started.
    """

    def __init__(self, board: Board, *, noise: float = 0.0, seed: int = 0) -> None:
        self._board = SimulatedSerialBoard(board, noise_to_board=noise, noise_to_host=noise, seed=seed)
        try:
            super().__init__(self._board.port, board.serial.baud if board.serial else 0, patience_s=_PATIENCE_S)
        except BusError:
            self._board.close()
            raise

    def close(self) -> None:  # noqa: D102 - as the base says
        super().close()
        self._board.close()


def serial_board_design(board: Board) -> Design:
    """Return a board's top behind a pseudo-terminal, with a line of 16 clocks a bit.

    Raises
    ------
    ConfigError
        If the board has no serial cable.
    """
    if board.serial is None or board.oscillator_pin is None:
        raise ConfigError(f"board {board.name!r} has no serial cable to simulate; its bus is {board.bus!r}")
    return Design(
        top=board.name,
        sources=(*board_sources(board), rtl_folder() / "sim" / "EHXPLLL.v"),
        harness="serial_board.cpp",
        prefix="Vboard",
        headers={HEADER_NAME: render_board_header(board, simulated=True)},
        defines={
            "BOARD_CLOCK": board.oscillator_pin,
            "BOARD_RX": board.serial.receives,
            "BOARD_TX": board.serial.sends,
            "BOARD_CLOCKS_PER_BIT": SIMULATED_CLOCKS_PER_BIT,
        },
        program=True,
    )
