"""`edge-runtime bundle …`: makes, signs and looks into bundles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from edge_runtime.boards import load_board
from edge_runtime.bundles import (
    Requirements,
    check_fit,
    load_private_key,
    load_public_key,
    make_keys,
    read_bundle,
    view_of,
    write_bundle,
)
from edge_runtime.cli.device import HERE, CaOption, PipelineOption, UrlOption, ask, for_pipeline
from edge_runtime.cli.output import JsonFlag, print_json, print_table
from edge_runtime.features.view import FeatureView
from edge_runtime.files import read_file, write_file

__all__ = ["bundle"]

bundle = typer.Typer(no_args_is_help=True, help="Bundles: a network with all that belongs to it, in one signed file.")

STEP_S = 120.0
"""A small board takes its time to compile a network."""

KeyOption = Annotated[Path, typer.Option("--key", help="An Ed25519 key in PEM.")]


@bundle.command("keys")
def keys(
    name: Annotated[Path, typer.Argument(metavar="NAME", help="Writes NAME.key, which is secret, and NAME.pub.")],
) -> None:
    """Make a pair of keys: one to sign bundles with, and one for the devices to check them with."""
    make_keys(name.with_name(name.name + ".key"), name.with_name(name.name + ".pub"))


@bundle.command("make")
def make(  # noqa: PLR0913 # one option for each part of a bundle
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="An int8 .tflite file.")],
    *,
    view: Annotated[Path, typer.Option(help="The feature view that the network was trained with.")],
    licence: Annotated[Path, typer.Option(help="The licence of the network.")],
    key: KeyOption,
    output: Annotated[Path, typer.Option("--output", "-o", help="The bundle.")],
    name: Annotated[str | None, typer.Option(help="The model's name; else the file's.")] = None,
    version: Annotated[int, typer.Option(min=1, help="The model's version.")] = 1,
    classes: Annotated[str, typer.Option(help="The classes' names, with commas between them.")] = "",
    reserved_classes: Annotated[int, typer.Option(min=0, help="How many of the last outputs are no classes yet.")] = 0,
    boards: Annotated[str, typer.Option(help="The boards that it may run on; else any.")] = "",
    head: Annotated[Path | None, typer.Option(help="The head that is to serve first (.npz).")] = None,
    statistics: Annotated[Path | None, typer.Option(help="Statistics of the training's embeddings (.npz).")] = None,
    memory: Annotated[Path | None, typer.Option(help="Held-out embeddings with their classes (.npz).")] = None,
) -> None:
    """Make and sign a bundle."""
    files = {
        "network.tflite": model,
        "view.toml": view,
        "LICENSE": licence,
        "head.npz": head,
        "statistics.npz": statistics,
        "memory.npz": memory,
    }
    content = write_bundle(
        {member: read_file(path, "a file") for member, path in files.items() if path is not None},
        load_private_key(key),
        name=name or model.stem,
        version=version,
        view_fingerprint=FeatureView.from_toml(view).fingerprint,
        classes=_names(classes),
        reserved_classes=reserved_classes,
        boards=_names(boards),
    )
    write_file(output, content)


@bundle.command("check")
def check(
    path: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The bundle.")],
    *,
    key: KeyOption,
    board: Annotated[str | None, typer.Option(help="Whether it fits this board, too.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Check a bundle as a device does: signature, content, and whether it fits a board."""
    checked = read_bundle(read_file(path, "a file"), [load_public_key(key)])
    view = view_of(checked)
    if board is not None:
        chosen = load_board(board)
        check_fit(checked, Requirements(chosen.name, chosen.overlay, view.channels))
    if as_json:
        print_json({"digest": checked.digest, "board": board, **checked.manifest.model_dump(mode="json")})
    else:
        about = checked.manifest
        print_table(
            ["member", "bytes"], [(name, member.size) for name, member in about.members.items()], title=about.name
        )


def _show_state(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    rows = [(which, _shown(found, which)) for which in ("active", "previous", "candidate")]
    rows += [("state", found["state"])]
    shadow = found["shadow"]
    if shadow is not None:
        who = "before" if found["state"] == "trial" else "shadow"
        rows += [(who, f"{shadow['agreed']:,} of {shadow['compared']:,} windows as what serves")]
        right = f"{shadow['shadow_right']:,} right, what serves {shadow['served_right']:,}"
        rows += [("labels", f"{right}, of {shadow['labelled']:,}")]
        rows += [("evidence", f"{shadow['evidence_shadow']:g} that it is better than what serves")]
    if found["last_refusal"]:
        rows += [("refused", found["last_refusal"])]
    print_table(["bundle", ""], rows, title=f"bundles of {found['pipeline']}")


def _shown(found: dict[str, Any], which: str) -> str:
    digest = found[which]
    about = found["names"].get(digest, {})
    return "-" if digest is None else f"{about.get('name', '?')} {about.get('version', '')} ({digest[:12]})"


@bundle.command("stage")
def stage(
    path: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The bundle.")],
    *,
    pipeline: PipelineOption = "",
    url: UrlOption = HERE,
    ca_file: CaOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Send a bundle to a running daemon, which checks it and keeps it as a pipeline's candidate."""
    where = for_pipeline("/bundles", pipeline)
    _show_state(ask(url, where, ca_file, read_file(path, "a file"), deadline_s=STEP_S), as_json=as_json)


@bundle.command("status")
def bundle_status(
    *, pipeline: PipelineOption = "", url: UrlOption = HERE, ca_file: CaOption = None, as_json: JsonFlag = False
) -> None:
    """Show which bundles a pipeline of a running daemon has, which one serves, and how the shadow does."""
    _show_state(ask(url, for_pipeline("/bundles", pipeline), ca_file), as_json=as_json)


def _step(action: str, about: str) -> None:
    """Make the verb of one step in a bundle's life."""

    def verb(
        *, pipeline: PipelineOption = "", url: UrlOption = HERE, ca_file: CaOption = None, as_json: JsonFlag = False
    ) -> None:
        body = {"action": action, "pipeline": pipeline}
        found = ask(url, "/bundles/action", ca_file, body, deadline_s=STEP_S)
        _show_state(found, as_json=as_json)

    bundle.command(action, help=about)(verb)


_step("shadow", "Let the staged bundle run beside what serves, and be compared.")
_step("activate", "Let the bundle in the shadow serve, on trial.")
_step("commit", "End the trial: the bundle stays, and the previous one is kept.")
_step("rollback", "Let the previous bundle, or the pipeline file's own network, serve again.")
_step("discard", "Forget the candidate.")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
