"""`edge-runtime quantize`: a float network becomes an int8 one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from edge_runtime.cli.output import JsonFlag, print_json, terminal
from edge_runtime.errors import ConfigError
from edge_runtime.files import write_file
from edge_runtime.quantization import Quantized, load_samples, quantize_model, view_samples

__all__ = ["quantize"]


def quantize(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A float .tflite, a .keras or .h5 file, or a SavedModel folder.")
    ],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="Write the int8 .tflite file here.")],
    data: Annotated[
        Path | None, typer.Option(help="Representative data: a .npy array [samples, …], or an .npz with one an input.")
    ] = None,
    recording: Annotated[
        Path | None, typer.Option(help="In place of --data: a recording, whose windows go through --view.")
    ] = None,
    view: Annotated[Path | None, typer.Option(help="The feature view for --recording.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Quantise a float network to int8 with representative data, and report how far its outputs moved."""
    if data is not None and recording is None and view is None:
        samples = load_samples(data)
    elif data is None and recording is not None and view is not None:
        samples = view_samples(recording, view)
    else:
        raise ConfigError("representative data is missing: give either --data, or --recording and --view")
    result = quantize_model(model, samples)
    write_file(output, result.model)
    if as_json:
        about = {"model": model.name, "output": str(output), "bytes": len(result.model), "by": result.by}
        print_json({**about, **asdict(result.difference)})
    else:
        _print(result, model, output)


def _print(result: Quantized, model: Path, output: Path) -> None:
    found = result.difference
    console = terminal()
    console.print(f"{model.name} quantised by {result.by}: {output} ({len(result.model):,} bytes)", soft_wrap=True)
    console.print(
        f"  outputs over {found.samples:,} samples: {found.max_abs:.4g} apart at most, {found.mean_abs:.4g} on average "
        f"(the largest output is {found.largest_output:.4g})",
        soft_wrap=True,
    )
    console.print(f"  the largest output is the same one in {100 * found.argmax_agreement:.2f} % of the samples")
