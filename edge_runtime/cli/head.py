"""`edge-runtime head …`: a head alone, trained away from the device and pushed to it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from edge_runtime.bundles import (
    load_private_key,
    load_public_key,
    network_fingerprint,
    read_head,
    read_linear,
    write_head,
)
from edge_runtime.cli.device import HERE, CaOption, UrlOption, ask, for_pipeline
from edge_runtime.cli.output import JsonFlag, ModelArgument, print_json, terminal
from edge_runtime.daemon import load_pipeline
from edge_runtime.daemon.build import Deployment, deploy
from edge_runtime.daemon.head_fit import FittedHead, LabelledEmbeddings, Method, embed, fit_head
from edge_runtime.files import read_file, read_model, write_file
from edge_runtime.learning.statistics import TrainingStatistics

__all__ = ["head"]

head = typer.Typer(no_args_is_help=True, help="A head alone: the network's last layer, trained elsewhere and pushed.")

PipelineArgument = Annotated[
    Path, typer.Argument(metavar="PIPELINE.toml", help="The pipeline file: its network and view.")
]
FilesArgument = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Training sets as `export` writes them, or recordings.")
]
KeyOption = Annotated[Path, typer.Option("--key", help="An Ed25519 key in PEM.")]
OutputOption = Annotated[Path, typer.Option("--output", "-o", help="The file to write.")]
NameOption = Annotated[str, typer.Option(help="The head's name.")]
VersionOption = Annotated[int, typer.Option(min=1, help="The head's version.")]


@head.command("embed")
def embed_verb(
    pipeline: PipelineArgument,
    files: FilesArgument,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="An .npz file for the embeddings and labels.")],
    statistics: Annotated[Path | None, typer.Option(help="An .npz file for what a bundle carries of them.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Write what the last layer is given for each labelled window, to train a head with anything else."""
    deployment, samples = _embedded(pipeline, files)
    samples.save(output)
    if statistics is not None:
        classes = len(deployment.network.linear_head().bias)
        TrainingStatistics.of(samples.real, samples.labels, classes=classes).save(statistics)
    about = {"samples": len(samples.labels), "features": samples.stored.shape[1], "output": str(output)}
    if as_json:
        print_json(about)
    else:
        terminal().print(f"{about['samples']:,} labelled windows of {about['features']} numbers: {output}")


@head.command("fit")
def fit(
    pipeline: PipelineArgument,
    files: FilesArgument,
    *,
    key: KeyOption,
    output: OutputOption,
    method: Annotated[Method, typer.Option(help="How it is fitted.")] = "slda",
    name: NameOption = "head",
    version: VersionOption = 1,
    as_json: JsonFlag = False,
) -> None:
    """Fit a head to what a device exported, and sign it."""
    deployment, samples = _embedded(pipeline, files)
    fitted = fit_head(deployment, samples, method)
    content = write_head(
        fitted.weights,
        fitted.bias,
        load_private_key(key),
        name=name,
        version=version,
        network=network_fingerprint(deployment.program.model),
        classes=deployment.network.classes,
    )
    write_file(output, content)
    if as_json:
        print_json(_numbers(fitted, content))
    else:
        terminal().print(
            f"{fitted.samples:,} windows; on the newest {fitted.tested:,}, which it was not fitted to: "
            f"{fitted.accuracy:.1%} right, the network's own head {fitted.own_accuracy:.1%}"
        )


@head.command("make")
def make(
    model: ModelArgument,
    weights: Annotated[Path, typer.Argument(metavar="HEAD.npz", help="weights [classes, features], bias [classes].")],
    *,
    classes: Annotated[str, typer.Option(help="The classes' names, with commas between them.")],
    key: KeyOption,
    output: OutputOption,
    name: NameOption = "head",
    version: VersionOption = 1,
) -> None:
    """Sign a head that something else has trained for a network."""
    network = network_fingerprint(read_model(model))
    names = [one.strip() for one in classes.split(",") if one.strip()]
    loaded = read_linear(weights)
    content = write_head(*loaded, load_private_key(key), name=name, version=version, network=network, classes=names)
    write_file(output, content)


@head.command("check")
def check(
    path: Annotated[Path, typer.Argument(metavar="HEAD", help="The signed head.")],
    *,
    key: KeyOption,
    as_json: JsonFlag = False,
) -> None:
    """Check a head as a device does: signature and content."""
    found = read_head(read_file(path, "a head"), [load_public_key(key)])
    rows, width = found.weights.shape
    if as_json:
        print_json({"digest": found.digest, **found.about.model_dump(mode="json"), "outputs": rows, "features": width})
    else:
        terminal().print(f"{found.title}: {rows} x {width}, for the network {found.about.network[:16]}")


@head.command("push")
def push(
    path: Annotated[Path, typer.Argument(metavar="HEAD", help="The signed head.")],
    *,
    pipeline: Annotated[str, typer.Option(help="Where; else wherever its network runs.")] = "",
    url: UrlOption = HERE,
    ca_file: CaOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Send a head to a running daemon, where it takes part until the gate promotes it."""
    answer = ask(url, for_pipeline("/heads", pipeline), ca_file, read_file(path, "a head"))
    if as_json:
        print_json(answer)
    else:
        terminal().print(f"{answer['title']} takes part as {answer['candidate']!r} in {', '.join(answer['pipelines'])}")


def _embedded(pipeline: Path, files: list[Path]) -> tuple[Deployment, LabelledEmbeddings]:
    config = load_pipeline(pipeline)
    # By the reference, which gives the same bits.
    model = config.model.model_copy(update={"accelerator": "reference", "check": False})
    deployment = deploy(model, config.view)
    return deployment, embed(deployment, files)


def _numbers(fitted: FittedHead, content: bytes) -> dict[str, Any]:
    numbers = {name: value for name, value in asdict(fitted).items() if not isinstance(value, np.ndarray)}
    return {**numbers, "bytes": len(content)}
