"""`edge-runtime record` and `replay`: a stream into a file, and a file as a stream."""

from __future__ import annotations

import signal
from contextlib import AsyncExitStack, aclosing, suppress
from pathlib import Path
from typing import Annotated, Literal

import anyio
import typer

from edge_runtime.cli.output import JsonFlag, print_json, terminal
from edge_runtime.cli.run import run_device
from edge_runtime.daemon import PipelineConfig, load_pipeline
from edge_runtime.daemon.device_file import device_of
from edge_runtime.errors import ConfigError, DataError
from edge_runtime.sources.base import Source
from edge_runtime.sources.tables import RecordingTable
from edge_runtime.sources.tap import TapSource
from edge_runtime.stream.mcap_file import McapWriter

__all__ = ["record", "replay"]


def record(
    pipeline: Annotated[Path, typer.Argument(metavar="PIPELINE.toml", help="The pipeline file.")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The .mcap file to write.")],
    seconds: Annotated[float | None, typer.Option(min=0, help="Stop after so many seconds.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Record a pipeline's stream as MCAP: through the running daemon's tap, or from the source if there is no tap.

    Stops after --seconds, at SIGINT or SIGTERM, or when the stream ends.
    """
    if output.suffix.lower() != ".mcap":
        raise ConfigError(f"{output}: recordings are written as .mcap")
    config = load_pipeline(pipeline)
    counts = anyio.run(_record, config, output, seconds)
    if as_json:
        print_json(counts)
    else:
        terminal().print(
            f"{output}: {counts['samples']:,} samples in {counts['blocks']:,} blocks, {counts['gaps']:,} gaps"
        )


async def _record(config: PipelineConfig, output: Path, seconds: float | None) -> dict[str, object]:
    async with AsyncExitStack() as stack:
        source = await stack.enter_async_context(await _open(config))
        writer = stack.enter_context(McapWriter(output, source.channels, source.rate_hz))
        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_stop_on_signal, tasks.cancel_scope)
                async with aclosing(source.blocks()) as blocks:  # type: ignore[type-var]
                    async for block in blocks:
                        writer.write(block)
                tasks.cancel_scope.cancel()
        counts = source.counts
        return {
            "recording": str(output),
            "tapped": isinstance(source, TapSource),
            "blocks": counts.blocks,
            "samples": counts.samples,
            "gaps": counts.gaps,
        }


async def _open(config: PipelineConfig) -> Source:
    if config.pipeline.tap is None:
        return config.source.open()
    tap = TapSource(config.pipeline.tap)
    with suppress(DataError):
        await tap.connect()
        return tap
    # The daemon is not running: its source is free.
    return config.source.open()


async def _stop_on_signal(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            scope.cancel()
            return


def replay(
    pipeline: Annotated[Path, typer.Argument(metavar="PIPELINE.toml", help="The pipeline file.")],
    recording: Annotated[Path, typer.Argument(metavar="RECORDING", help="What is played in the source's place.")],
    *,
    pace: Annotated[str, typer.Option(help="'max', or a factor of real time: 1 is as it was recorded.")] = "max",
    board: Annotated[str | None, typer.Option(help="Another board than the file names.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Run a pipeline on a recording, at real time, at a factor of it, or as fast as it goes: always with one result."""
    config = load_pipeline(pipeline)
    source = RecordingTable(kind="recording", path=recording.absolute(), pace=_pace(pace))
    played = device_of(config.model_copy(update={"source": source}), pipeline)
    run_device(played, board=board, as_json=as_json)


def _pace(text: str) -> float | Literal["max"]:
    if text == "max":
        return "max"
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor < float("inf"):
        raise ConfigError(f"--pace is {text!r}; it must be 'max', or a factor of real time above 0")
    return factor
