"""`edge-runtime status`, `label` and `rollback`: talk to a daemon's service."""

from __future__ import annotations

import json
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from rich.live import Live
from rich.table import Table

from edge_runtime.cli.device_mqtt import ask_by_mqtt
from edge_runtime.cli.output import JsonFlag, print_json, terminal
from edge_runtime.errors import ConfigError, LinkError

__all__ = [
    "HERE",
    "CaOption",
    "PipelineOption",
    "UrlOption",
    "ask",
    "for_pipeline",
    "label",
    "reload",
    "rollback",
    "status",
    "steer",
]

DEADLINE_S = 10.0

UrlOption = Annotated[
    str, typer.Option("--url", envvar="EDGE_RUNTIME_URL", help="Where the service is, or mqtt://broker:1883/DEVICE.")
]
CaOption = Annotated[Path | None, typer.Option("--ca-file", help="Certificates to check the service's against.")]
PipelineOption = Annotated[str, typer.Option("--pipeline", help="Which one, where several pipelines take bundles.")]
HERE = "http://127.0.0.1:8080"


def status(
    *,
    url: UrlOption = HERE,
    ca_file: CaOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again every second, until interrupted.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show what a daemon is doing; the token is taken from EDGE_RUNTIME_TOKEN."""
    if watch and as_json:
        raise ConfigError("--watch and --json do not go together; leave one of them")
    found = ask(url, "/status", ca_file)
    if as_json:
        print_json(found)
    elif watch:
        _watch(url, ca_file)
    else:
        terminal().print(_table(found))


def label(
    pipeline: Annotated[str, typer.Argument(help="The pipeline's name.")],
    prediction: Annotated[int, typer.Argument(help="The prediction's number, as its record says.")],
    true_class: Annotated[str, typer.Argument(metavar="CLASS", help="What it should have been.")],
    *,
    url: UrlOption = HERE,
    ca_file: CaOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Say what a prediction should have been. Exit status 0 only if the label was learnt."""
    body = {"labels": [{"pipeline": pipeline, "prediction": prediction, "label": true_class}]}
    (fate,) = ask(url, "/labels", ca_file, body)["statuses"]
    if as_json:
        print_json({"pipeline": pipeline, "prediction": prediction, "label": true_class, "status": fate})
    else:
        terminal().print(fate)
    if fate != "accepted":
        raise typer.Exit(1)


def rollback(
    pipeline: Annotated[str, typer.Argument(help="The pipeline's name.")],
    *,
    url: UrlOption = HERE,
    ca_file: CaOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Let the network's own last layer serve again."""
    answer = ask(url, "/rollback", ca_file, {"pipeline": pipeline})
    if as_json:
        print_json(answer)
    else:
        terminal().print(f"{answer['serving']} serves")


def steer(
    pipeline: Annotated[str, typer.Argument(help="The pipeline's name.")],
    action: Annotated[str, typer.Argument(help="promote, roll-back, shadow, hold, release or add-class.")],
    name: Annotated[str, typer.Argument(help="The candidate's, or the new class's.")] = "",
    *,
    url: UrlOption = HERE,
    ca_file: CaOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Tell a pipeline's learner what to do."""
    answer = ask(url, "/learning", ca_file, {"pipeline": pipeline, "action": action.replace("-", " "), "name": name})
    if as_json:
        print_json(answer)
    else:
        terminal().print(f"{answer['serving']} serves; classes: {', '.join(answer['classes'])}")


def reload(
    *,
    url: UrlOption = HERE,
    ca_file: CaOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Have the daemon read its file again. Exit status 0 only if nothing of what changed takes a restart."""
    answer = ask(url, "/reload", ca_file, {})
    if as_json:
        print_json(answer)
    else:
        terminal().print(f"changed: {', '.join(answer['applied']) or 'nothing'}")
        if answer["refused"]:
            terminal().print(f"takes a restart: {', '.join(answer['refused'])}")
    if answer["refused"]:
        raise typer.Exit(1)


def for_pipeline(path: str, pipeline: str) -> str:
    """Return a path that names a pipeline, where there is one to name."""
    return f"{path}?{urlencode({'pipeline': pipeline})}" if pipeline else path


def ask(
    url: str,
    path: str,
    ca_file: Path | None,
    body: dict[str, Any] | bytes | None = None,
    *,
    deadline_s: float = DEADLINE_S,
) -> dict[str, Any]:
    """Ask a daemon's service, with the token in EDGE_RUNTIME_TOKEN; bytes are sent as they are, a table as JSON.

    An address like ``mqtt://broker/DEVICE`` asks the device by its broker.

    Raises
    ------
    ConfigError
        If the service refuses; the message says why.
    LinkError
        If there is no answer.
    """
    if url.startswith(("mqtt://", "mqtts://")):
        return ask_by_mqtt(url, path, ca_file, body, deadline_s=deadline_s)
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"--url is {url!r}; it must be like {HERE}, or mqtt://broker.local:1883/DEVICE")
    headers = {"Content-Type": "application/octet-stream" if isinstance(body, bytes) else "application/json"}
    if "EDGE_RUNTIME_TOKEN" in os.environ:
        headers["Authorization"] = f"Bearer {os.environ['EDGE_RUNTIME_TOKEN']}"
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    try:
        context = ssl.create_default_context(cafile=ca_file) if url.startswith("https://") else None
        request = urllib.request.Request(url.rstrip("/") + path, data, headers)  # noqa: S310 # checked above
        with urllib.request.urlopen(request, timeout=deadline_s, context=context) as answer:  # noqa: S310
            value = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise _refused(error, url) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise LinkError(f"{url}: no answer ({reason}); does the daemon run, with a [service] in its file?") from error
    if not isinstance(value, dict):
        raise LinkError(f"{url}: does not answer as a daemon does")
    return value


def _refused(error: urllib.error.HTTPError, url: str) -> ConfigError:
    try:
        reason = json.load(error)["error"]
    except (ValueError, KeyError, TypeError):
        reason = error.reason
    return ConfigError(f"{url}: {reason}")


def _watch(url: str, ca_file: Path | None) -> None:
    with Live(console=terminal(), auto_refresh=False, screen=False) as live:
        while True:
            live.update(_table(ask(url, "/status", ca_file)), refresh=True)
            time.sleep(1)


def _table(found: dict[str, Any]) -> Table:
    ready = "ready" if found["ready"] else "not ready"
    table = Table(title=f"{found['device']}: {ready}, up {found['uptime_s']:,.0f} s", title_justify="left", box=None)
    columns = ("pipeline", "windows", "per s", "p99 ms", "accuracy", "head", "sink", "waiting", "lost")
    for column in columns:
        table.add_column(column)
    sinks = [
        (name, f"{sink['outbox']['depth']:,}" if "outbox" in sink else "-", f"{sink['failed'] + sink['dropped']:,}")
        for name, sink in found["sinks"].items()
    ]
    for number, (name, one) in enumerate(found["pipelines"].items()):
        accuracy = "-" if one["accuracy"] is None else f"{one['accuracy']:.1%}"
        cells = (name, f"{one['windows']:,}", f"{one['windows_per_s']:,}", str(one["p99_ms"]), accuracy, one["serving"])
        table.add_row(*cells, *(sinks[number] if number < len(sinks) else ("", "", "")))
    for sink in sinks[len(found["pipelines"]) :]:
        table.add_row("", "", "", "", "", "", *sink)
    table.caption = "\n".join(_ailing(found)) or None
    table.caption_justify = "left"
    return table


def _ailing(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each stage that does not run."""
    stages = [(name, stage) for name, stage in found.get("stages", {}).items()]
    for pipeline, one in found["pipelines"].items():
        stages += [(f"{name} of {pipeline}", stage) for name, stage in one.get("stages", {}).items()]
    stages += [(name, sink["stage"]) for name, sink in found["sinks"].items() if "stage" in sink]
    for name, stage in stages:
        if stage["state"] != "running":
            yield f"{name}: {stage['state']} ({stage['last_error']})"
