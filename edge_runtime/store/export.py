"""A store as Parquet files, for training and for whoever analyses what a device has seen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from edge_runtime.errors import ConfigError
from edge_runtime.store.read import LabelledWindow, StoredHead, StoreReader
from edge_runtime.store.tables import TABLES, Column, Table
from edge_runtime.stream.block import Flags
from edge_runtime.stream.parquet_file import ParquetPart, parquet_module

__all__ = ["export_store"]

ROWS_AT_ONCE = 4096

Rows = list[dict[str, Any]]


def export_store(store: Path, folder: Path) -> dict[str, int]:
    """Write a store's tables into a folder, ``prediction.parquet`` and so on, and the windows as training sets.

    A training set, ``training-PIPELINE.parquet``, has a row a window: ``start_ns``, ``end_ns``, ``flags``, a column for
    each of the view's outputs, ``label`` and who gave it, and what was predicted (``predicted``, ``head``). It is what
    `edge-runtime features --labels` writes, but for the last three. A pipeline whose view changed gets one file a view.

    Parameters
    ----------
    store
        The store's file; the daemon may be writing to it.
    folder
        Made where it is missing. Each file takes its name when it is whole.

    Returns
    -------
    How many rows each file has, by the file's name.

    Raises
    ------
    ConfigError
        If the store cannot be read, or the folder not be written.
    StateError
        If it is of an earlier version, which the daemon has not migrated yet.
    ToolError
        If pyarrow is not installed.
    """
    parquet_module()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with StoreReader(store) as reader:
            written = {f"{name}.parquet": _export_table(reader, table, folder) for name, table in TABLES.items()}
            return {**written, **_export_heads(reader, folder), **_export_windows(reader, folder)}
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written ({error.strerror or error}); name another folder") from error


def _export_table(reader: StoreReader, table: Table, folder: Path) -> int:
    pyarrow, _ = parquet_module()
    fields = [("seq", pyarrow.int64()), ("put_ns", pyarrow.int64())]
    fields += [(column.name, _arrow_type(table, column)) for column in table.columns]
    with ParquetPart(folder / f"{table.name}.parquet", pyarrow.schema([*fields, ("more", pyarrow.string())])) as file:
        for rows in _batches(reader.rows(table)):
            file.write([_flat(row) for row in rows])
    return file.rows


def _export_heads(reader: StoreReader, folder: Path) -> dict[str, int]:
    pyarrow, _ = parquet_module()
    text, whole, numbers = pyarrow.string(), pyarrow.int64(), pyarrow.list_(pyarrow.float32())
    fields = [("seq", whole), ("id", text), ("pipeline", text), ("t_ns", whole), ("decision", text), ("head", text)]
    fields += [("classes", whole), ("features", whole), ("weights", numbers), ("bias", numbers)]
    with ParquetPart(folder / "head_weights.parquet", pyarrow.schema(fields)) as file:
        for heads in _batches(reader.heads()):
            file.write([_head_row(one) for one in heads])
    return {file.path.name: file.rows}


def _head_row(stored: StoredHead) -> dict[str, Any]:
    classes, features = stored.weights.shape
    about = {name: stored.decision[name] for name in ("seq", "id", "pipeline", "t_ns", "decision", "head")}
    arrays = {"weights": stored.weights.ravel().tolist(), "bias": stored.bias.tolist()}
    return {**about, "classes": classes, "features": features, **arrays}


def _arrow_type(table: Table, column: Column) -> Any:
    pyarrow, _ = parquet_module()
    if (table.name, column.name) == ("prediction", "outputs"):
        return pyarrow.list_(pyarrow.int32())
    if (table.name, column.name) == ("prediction", "flags"):
        return pyarrow.list_(pyarrow.string())
    kinds = {"int": pyarrow.int64(), "real": pyarrow.float64(), "bool": pyarrow.bool_()}
    return kinds.get(column.kind, pyarrow.string())


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its tables as JSON text; lists stay what they are."""
    return {key: json.dumps(value) if isinstance(value, dict) else value for key, value in row.items()}


def _export_windows(reader: StoreReader, folder: Path) -> dict[str, int]:
    files: dict[tuple[str, tuple[str, ...]], ParquetPart] = {}
    with ExitStack() as stack:
        for windows in _batches(reader.windows()):
            grouped: dict[tuple[str, tuple[str, ...]], Rows] = {}
            for window in windows:
                key = (str(window.prediction["pipeline"]), window.names)
                grouped.setdefault(key, []).append(_training_row(window))
            for key, rows in grouped.items():
                if key not in files:
                    path = _training_path(folder, key[0], [pipeline for pipeline, _ in files])
                    files[key] = stack.enter_context(ParquetPart(path, _training_schema(key[1])))
                files[key].write(rows)
    return {file.path.name: file.rows for file in files.values()}


def _training_path(folder: Path, pipeline: str, earlier: list[str]) -> Path:
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in pipeline)
    count = earlier.count(pipeline)
    return folder / (f"training-{safe}.parquet" if count == 0 else f"training-{safe}-{count + 1}.parquet")


def _training_schema(names: tuple[str, ...]) -> Any:
    pyarrow, _ = parquet_module()
    head = [("start_ns", pyarrow.int64()), ("end_ns", pyarrow.int64()), ("flags", pyarrow.uint8())]
    tail = [(name, pyarrow.string()) for name in ("label", "label_source", "predicted", "head")]
    return pyarrow.schema([*head, *((name, pyarrow.float32()) for name in names), *tail])


def _training_row(window: LabelledWindow) -> dict[str, Any]:
    made = window.prediction
    flags = Flags(0)
    for name in made["flags"] or ():
        flags |= Flags[name]
    return {
        "start_ns": made["start_ns"],
        "end_ns": made["t_ns"],
        "flags": int(flags),
        **dict(zip(window.names, window.values.tolist(), strict=True)),
        "label": window.label,
        "label_source": window.source,
        "predicted": made["class_name"] if made["class_name"] is not None else str(made["class_index"]),
        "head": made["head"],
    }


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(islice(iterator, ROWS_AT_ONCE)):
        yield batch
