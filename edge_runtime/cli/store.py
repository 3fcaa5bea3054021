"""`edge-runtime store` and `export`: what a device has kept, and how it leaves for training."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from edge_runtime.cli.output import JsonFlag, print_json, print_table
from edge_runtime.store import StoreReader, export_store

__all__ = ["export", "store"]

StoreArgument = Annotated[Path, typer.Argument(metavar="STORE", help="The store that the pipeline file names.")]


def store(path: StoreArgument, *, as_json: JsonFlag = False) -> None:
    """Look into a store, also while the daemon is writing to it."""
    with StoreReader(path) as reader:
        content = reader.content()
    if as_json:
        print_json({"store": str(path), **asdict(content)})
        return
    rows = [*content.rows.items(), ("features", content.features), ("weights of heads", content.weights)]
    dropped = [(name.replace("_", " "), number) for name, number in sorted(content.counters.items())]
    print_table(["rows", "number"], [*rows, *dropped])


def export(
    path: StoreArgument,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the Parquet files go.")],
    as_json: JsonFlag = False,
) -> None:
    """Write a store as Parquet files, a training set with features and labels among them.

    The daemon may be writing meanwhile.
    """
    written = export_store(path, output)
    if as_json:
        print_json({"store": str(path), "folder": str(output), "files": written})
    else:
        print_table(["file", "rows"], [(str(output / name), rows) for name, rows in written.items()])
