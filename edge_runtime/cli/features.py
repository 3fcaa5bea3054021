"""`edge-runtime features`: a view over a recording, as a table; with labels, a training set."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from edge_runtime.cli.output import JsonFlag, print_json, terminal
from edge_runtime.errors import ConfigError
from edge_runtime.features import (
    FeatureComputer,
    FeatureView,
    FeatureWindow,
    join_labels,
    label_windows,
    read_labels,
)
from edge_runtime.features.plan import LARGEST_PIECE
from edge_runtime.stream import Recording, load_recording
from edge_runtime.stream.parquet_file import parquet_module

__all__ = ["features"]

Rows = list[tuple[FeatureWindow, str | None]]


def features(
    view: Annotated[Path, typer.Argument(metavar="VIEW.toml", help="The feature view.")],
    recording: Annotated[Path, typer.Argument(metavar="RECORDING", help="A recording of any format.")],
    *,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A .parquet, .csv or .npz file.")] = None,
    labels: Annotated[
        str | None,
        typer.Option(help="'spans', for what the recording says is true, or a CSV file with t_ns and label."),
    ] = None,
    oldest: Annotated[
        float | None, typer.Option(min=0, help="A label takes no window older than so many seconds.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Compute a view over a whole recording: the very features that the device would have computed.

    With --labels, each label is joined with what was known at its time, and nothing later.
    """
    declared = FeatureView.from_toml(view)
    whole = load_recording(recording)
    computer = FeatureComputer(declared, whole.rate_hz, whole.channels)
    windows = [window for block in whole.blocks(LARGEST_PIECE) for window in computer.push(block)]
    rows = _label(windows, whole, labels, oldest)
    if output is not None:
        _write(output, declared, rows, labelled=labels is not None)
    about = {
        "view": declared.name,
        "version": declared.version,
        "fingerprint": declared.fingerprint,
        "outputs": list(declared.output_names),
        "rows": len(rows),
        **vars(computer.counts),
    }
    if as_json:
        print_json(about)
    else:
        kept = f", {len(rows):,} of them labelled" if labels else ""
        terminal().print(f"{declared.name} {declared.fingerprint[:16]}: {len(windows):,} windows{kept}")


def _label(windows: list[FeatureWindow], recording: Recording, labels: str | None, oldest: float | None) -> Rows:
    if labels is None:
        return [(window, None) for window in windows]
    if labels == "spans":
        return list(label_windows(windows, recording))
    return list(join_labels(windows, read_labels(Path(labels)), oldest_s=oldest))


def _write(path: Path, view: FeatureView, rows: Rows, *, labelled: bool) -> None:
    values = np.array([window.values for window, _ in rows], dtype=np.float32).reshape(len(rows), view.size)
    columns: dict[str, Any] = {
        "start_ns": np.array([window.start_ns for window, _ in rows], dtype=np.int64),
        "end_ns": np.array([window.end_ns for window, _ in rows], dtype=np.int64),
        "flags": np.array([int(window.flags) for window, _ in rows], dtype=np.uint8),
    }
    columns |= {name: values[:, place] for place, name in enumerate(view.output_names)}
    if labelled:
        columns["label"] = [label for _, label in rows]
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            pyarrow, parquet = parquet_module()
            about = {"edge_runtime.view": view.name, "edge_runtime.fingerprint": view.fingerprint}
            parquet.write_table(pyarrow.table(columns).replace_schema_metadata(about), path)
        elif suffix == ".csv":
            _write_csv(path, columns)
        elif suffix == ".npz":
            with path.open("wb") as file:
                np.savez_compressed(file, **{name: np.asarray(column) for name, column in columns.items()})
        else:
            raise ConfigError(f"{path}: features are written as .parquet, .csv or .npz")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror}); name another path") from error


def _write_csv(path: Path, columns: dict[str, Any]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        # Nine digits give a float32 back to the bit.
        writer.writerows(
            [f"{cell:.9g}" if isinstance(cell, np.floating) else cell for cell in row]
            for row in zip(*columns.values(), strict=True)
        )
