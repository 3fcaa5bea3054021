"""Recordings in Parquet files: a column for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from typing_extensions import Self

from edge_runtime.errors import DataError, ToolError
from edge_runtime.stream.columns import recording_from_columns
from edge_runtime.stream.recording import Recording

__all__ = ["ParquetPart", "load_parquet", "parquet_module"]


def load_parquet(path: Path, *, rate_hz: float | None = None) -> Recording:
    """Read a Parquet file; nulls are NaN. `recording_from_columns` says what columns mean; text columns are left out.

    Raises
    ------
    DataError
        If it cannot be read, or no recording can be made of it.
    ToolError
        If pyarrow is not installed.
    """
    pyarrow, parquet = parquet_module()
    try:
        table = parquet.read_table(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"{path}: cannot be read as Parquet: {error}") from error
    columns: dict[str, Any] = {}
    for name in table.column_names:
        kind = table.schema.field(name).type
        if name == "t_ns" and (pyarrow.types.is_integer(kind) or pyarrow.types.is_timestamp(kind)):
            columns[name] = table[name].cast(pyarrow.timestamp("ns")).cast(pyarrow.int64()).to_numpy()
        elif pyarrow.types.is_floating(kind) or pyarrow.types.is_integer(kind) or pyarrow.types.is_boolean(kind):
            columns[name] = np.array(table[name].to_pylist(), dtype=np.float64)
    labels = [value or "" for value in table["label"].to_pylist()] if "label" in table.column_names else None
    try:
        return recording_from_columns(columns, labels=labels, rate_hz=rate_hz)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def parquet_module() -> tuple[Any, Any]:
    """Return pyarrow and its Parquet module.

    Raises
    ------
    ToolError
        If pyarrow is not installed.
    """
    try:
        import pyarrow  # noqa: PLC0415 - an extra
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as error:
        raise ToolError("Parquet files need pyarrow: pip install 'edge-runtime[parquet]'") from error
    return pyarrow, pyarrow.parquet


class ParquetPart:
    """A Parquet file that is written piece by piece, and takes its name when it is whole; used with ``with``.

    Parameters
    ----------
    path
        The file.
    schema
        A pyarrow schema.

    Attributes
    ----------
    rows
        How many have been written.

    Raises
    ------
    OSError
        If it cannot be written.
    ToolError
        If pyarrow is not installed.
    """

    def __init__(self, path: Path, schema: Any) -> None:
        self.path = path
        self.rows = 0
        self._schema = schema
        self._part = path.with_name(path.name + ".part")
        self._pyarrow, parquet = parquet_module()
        self._writer = parquet.ParquetWriter(self._part, schema)

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write rows, each with the schema's columns by name."""
        self._writer.write_table(self._pyarrow.Table.from_pylist(list(rows), schema=self._schema))
        self.rows += len(rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        if kind is None:
            self._part.rename(self.path)
        else:
            with suppress(OSError):
                self._part.unlink()
