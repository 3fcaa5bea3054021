"""`edge-runtime verify`: reference and overlay against TFLite's own kernels, bit by bit."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from edge_runtime.accelerator.open import Way, open_bus
from edge_runtime.accelerator.verify import VerifyResult, verify_model
from edge_runtime.boards import load_board
from edge_runtime.cli.output import BoardOption, JsonFlag, ModelArgument, print_json, terminal
from edge_runtime.errors import MismatchError
from edge_runtime.files import read_model

__all__ = ["verify"]


def verify(
    model: ModelArgument,
    *,
    board: BoardOption = "laptop_sim",
    samples: Annotated[int, typer.Option(min=1, help="How many inputs; the first few are edge cases.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="What the random inputs are drawn from.")] = 0,
    over: Annotated[
        Way,
        typer.Option(help="In simulation, directly (axi), behind a serial cable (uart) or through pynq; or the board."),
    ] = "axi",
    allow_cpu: Annotated[
        bool, typer.Option("--allow-cpu", help="Let the CPU run what does not fit the overlay.")
    ] = False,
    trace: Annotated[Path | None, typer.Option(help="Write waveforms to this .fst or .vcd file.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Run inputs through TFLite's reference kernels, the reference interpreter and the board's overlay.

    Exit status 0 only if every output bit and the cycle count are as they should be.
    """
    chosen = load_board(board)
    data = read_model(model)
    bus = open_bus(chosen, over, trace=trace)
    result = verify_model(data, bus, name=model.name, samples=samples, seed=seed, allow_cpu=allow_cpu)
    if as_json:
        print_json({"model": model.name, "board": chosen.name, **asdict(result)})
    else:
        _print(result, model.name, over)
    if not result.holds:
        raise MismatchError(f"{model.name}: {_what_differs(result)}")


_PLACES: dict[Way, str] = {
    "axi": "in simulation",
    "uart": "in simulation, behind a serial cable",
    "pynq": "in simulation, through pynq",
    "board": "on the board",
}


def _print(result: VerifyResult, name: str, over: Way) -> None:
    console = terminal()
    console.print(f"{name} against {result.golden}, overlay {result.parameters} {_PLACES[over]}", soft_wrap=True)
    console.print(f"  {result.samples:,} inputs, {result.elements:,} output elements: {result.mismatches:,} mismatches")
    console.print(f"  {result.cycles:,} cycles counted, {result.predicted_cycles:,} predicted")
    if result.job_cycles:
        stream = f", {result.stream_cycles:,} each in a stream" if result.stream_cycles else ""
        console.print(f"  {result.job_cycles:,} cycles with transfers, from doorbell to outputs in memory{stream}")
    for fault in result.golden_faults:
        console.print(f"  {fault}", soft_wrap=True)
    console.print(f"  {100 * result.overlay_mac_share:.1f} % of the MACs on the overlay")


def _what_differs(result: VerifyResult) -> str:
    if not result.mismatches:
        return f"the RTL counted {result.cycles:,} cycles, the compiler {result.predicted_cycles:,}"
    if result.first is None and result.golden_faults:
        return f"{result.mismatches:,} elements differ from {result.golden}; but {'; '.join(result.golden_faults)}"
    if result.first is None:
        return f"{result.mismatches:,} elements differ from {result.golden}; the reference interpreter is wrong"
    first = result.first
    return (
        f"{result.mismatches:,} elements differ; the first is element {first.element} (tile {first.tile}) of operator "
        f"{first.operator} ({first.op}) for input {first.sample}: {first.got} in place of {first.expected}"
    )
