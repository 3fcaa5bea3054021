"""`edge-runtime outbox`: what waits to be sent, and what became of the rest."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from edge_runtime.cli.output import JsonFlag, print_json, print_table, terminal
from edge_runtime.telemetry.outbox import OutboxContent, inspect_outbox

__all__ = ["outbox"]


def outbox(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The outbox that the pipeline file names.")],
    *,
    limit: Annotated[int, typer.Option(min=0, help="How many of the next records to show.")] = 10,
    as_json: JsonFlag = False,
) -> None:
    """Look into an outbox, also while the daemon is using it."""
    content = inspect_outbox(path, limit=limit)
    if as_json:
        print_json({"outbox": str(path), **asdict(content)})
    else:
        _show(content)


def _show(content: OutboxContent) -> None:
    waits = "nothing waits"
    if content.oldest_put_ns is not None:
        age = max(0.0, time.time() - content.oldest_put_ns / 1e9)
        waits = f"{content.depth:,} records wait, the oldest for {age:,.0f} s"
    terminal().print(waits)
    counts = [("stored", content.counters.get("stored", 0)), ("acknowledged", content.counters.get("acknowledged", 0))]
    dropped = [
        (f"dropped, priority {name.removeprefix('dropped_')}", count)
        for name, count in sorted(content.counters.items())
        if name.startswith("dropped_")
    ]
    waiting = [(f"waiting, priority {priority}", count) for priority, count in content.by_priority.items()]
    print_table(["records", "number"], [*counts, *dropped, *waiting])
    if content.records:
        rows = [
            (r.get("id", ""), r.get("kind", ""), r.get("pipeline", ""), str(r.get("t_ns", ""))) for r in content.records
        ]
        print_table(["id", "kind", "pipeline", "t_ns"], rows, title="\nnext to be sent")
