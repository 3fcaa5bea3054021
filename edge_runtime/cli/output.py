"""What verbs print: one JSON object, or tables for people; logs go to standard error."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from rich.console import Console
from rich.table import Table

from edge_runtime.catalogue import find_model

__all__ = [
    "BoardOption",
    "JsonFlag",
    "ModelArgument",
    "OptionalModelArgument",
    "configure_logs",
    "print_json",
    "print_table",
    "terminal",
]

WIDE = 160

ModelArgument = Annotated[
    Path,
    typer.Argument(metavar="MODEL", parser=find_model, help="An int8 .tflite file, or a name from `models list`."),
]
OptionalModelArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[MODEL]", parser=find_model, help="An int8 .tflite file, or a name from `models list`."),
]
BoardOption = Annotated[str, typer.Option(help="A board's name, or a .toml file with one.")]

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else.")]


def print_json(value: Mapping[str, Any]) -> None:
    """Print the one JSON object of a verb that reports."""
    sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")
    sys.stdout.flush()


def terminal(*, errors: bool = False) -> Console:
    """Return the terminal as it is now: standard output, or standard error; a pipe or a file gets wide lines."""
    stream = sys.stderr if errors else sys.stdout
    return Console(file=stream, highlight=False, width=None if stream.isatty() else WIDE)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> None:
    """Print a table on standard output; numbers stand on the right."""
    table = Table(
        title=title, title_justify="left", box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0)
    )
    for position, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[position], (int, float)) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*[f"{cell:,}" if isinstance(cell, (int, float)) else str(cell) for cell in row])
    terminal().print(table)


def _current_stderr(*_names: object) -> structlog.PrintLogger:
    """Return a logger for standard error as it is now; a stream of then may be closed."""
    return structlog.PrintLogger(sys.stderr)


def configure_logs(*, verbose: bool) -> None:
    """Send logs to standard error: warnings and worse, or everything."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.WARNING),
        logger_factory=_current_stderr,
        cache_logger_on_first_use=False,
    )
