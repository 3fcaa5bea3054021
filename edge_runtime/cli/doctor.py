"""`edge-runtime doctor`: whether the board is as it should be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from edge_runtime.accelerator.open import open_bus
from edge_runtime.accelerator.overlay import OverlayAccelerator
from edge_runtime.accelerator.verify import verify_model
from edge_runtime.boards import Board, load_board
from edge_runtime.cli.output import BoardOption, JsonFlag, print_json, print_table
from edge_runtime.errors import AcceleratorError, EdgeRuntimeError, ToolError
from edge_runtime.files import read_model
from edge_runtime.paths import examples_folder

__all__ = ["doctor"]

_THERMAL = Path("/sys/class/thermal")
_TOO_HOT_C = 85.0
_SAMPLES = 5


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: str
    holds: bool
    found: str


def doctor(*, board: BoardOption = "laptop_sim", as_json: JsonFlag = False) -> None:
    """Check the board: overlay, clock, temperature, and the bits of the example network.

    Exit status 0 only if all of it is as it should be.
    """
    chosen = load_board(board)
    checks: dict[str, Callable[[Board], str]] = {
        "overlay": _overlay,
        "clock": _clock,
        "temperature": _temperature,
        "self-test": _self_test,
    }
    findings = [_run(name, check, chosen) for name, check in checks.items()]
    healthy = all(finding.holds for finding in findings)
    if as_json:
        table = {"board": chosen.name, "parameters": chosen.overlay.hash, "healthy": healthy}
        print_json({**table, "checks": [asdict(finding) for finding in findings]})
    else:
        print_table(["check", "holds", "found"], [[f.check, "yes" if f.holds else "NO", f.found] for f in findings])
    if not healthy:
        wrong = ", ".join(finding.check for finding in findings if not finding.holds)
        raise AcceleratorError(f"board {chosen.name}: not as it should be: {wrong}")


def _run(name: str, check: Callable[[Board], str], board: Board) -> Finding:
    try:
        return Finding(name, holds=True, found=check(board))
    except EdgeRuntimeError as error:
        return Finding(name, holds=False, found=str(error))


def _overlay(board: Board) -> str:
    with OverlayAccelerator(open_bus(board)) as overlay:
        if overlay.parameters != board.overlay:
            raise AcceleratorError(
                f"the overlay has parameters {overlay.parameters.hash}, the board's file says {board.overlay.hash}; "
                "build its bitstream anew"
            )
    return f"answers on its bus, parameters {board.overlay.hash}"


def _clock(board: Board) -> str:
    verified = "verified by place and route" if board.clock_verified else "a design target, not verified"
    return f"{board.clock_hz / 1e6:g} MHz, {verified}"


def _temperature(board: Board) -> str:
    del board
    readings = [float(path.read_text()) / 1000 for path in sorted(_THERMAL.glob("thermal_zone*/temp"))]
    if not readings:
        return "this computer has no sensor"
    if max(readings) > _TOO_HOT_C:
        raise AcceleratorError(f"{max(readings):.0f} °C is more than {_TOO_HOT_C:.0f} °C; see to its cooling")
    return f"{max(readings):.0f} °C"


def _self_test(board: Board) -> str:
    model = examples_folder() / "activity" / "activity.tflite"
    try:
        result = verify_model(read_model(model), open_bus(board), name=model.name, samples=_SAMPLES, seed=0)
    except ToolError as error:
        raise AcceleratorError(f"could not be run: {error}") from error
    if not result.holds:
        raise AcceleratorError(f"{result.mismatches} of {result.elements} output elements are wrong")
    return f"{result.elements} output elements of {model.name}, 0 mismatches, {result.cycles} cycles"
