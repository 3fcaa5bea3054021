"""`edge-runtime models`: networks that have a name."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from edge_runtime.catalogue import UPSTREAM, KnownModel, fetch_model, known_models, locate, models_named
from edge_runtime.cli.output import JsonFlag, print_json, print_table, terminal
from edge_runtime.errors import ModelError

__all__ = ["models"]

MLPERF_TINY = "mlperf-tiny"

models = typer.Typer(help="Networks by name: what is known, and fetching them.", no_args_is_help=True)


@models.command("list")
def list_known(*, as_json: JsonFlag = False) -> None:
    """List the networks that have a name, with where their files come from."""
    rows = [_describe(model) for model in known_models().values()]
    if as_json:
        print_json({"models": rows})
        return
    columns = ["name", "group", "task", "size", "license", "here"]
    print_table(columns, [[row[column] if column != "here" else _here(row) for column in columns] for row in rows])


@models.command("fetch")
def fetch(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Names of models or groups; else the group mlperf-tiny."),
    ] = None,
    *,
    mirror: Annotated[str, typer.Option(help="A web server with the same paths.")] = UPSTREAM,
    as_json: JsonFlag = False,
) -> None:
    """Download networks into the cache, each checked by its SHA-256. The first that fails ends it."""
    fetched = []
    for model in models_named(names or [MLPERF_TINY]):
        path = fetch_model(model, mirror=mirror)
        fetched.append({"name": model.name, "path": str(path)})
        if not as_json:
            terminal().print(f"{model.name}: {path}", soft_wrap=True)
    if as_json:
        print_json({"fetched": fetched})


def _describe(model: KnownModel) -> dict[str, Any]:
    try:
        path, damaged = locate(model), False
    except ModelError:
        path, damaged = None, True
    return {**asdict(model), "here": str(path) if path else None, "damaged": damaged}


def _here(row: dict[str, Any]) -> str:
    return "another file" if row["damaged"] else row["here"] or "-"
