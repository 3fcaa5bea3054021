"""`edge-runtime predict`: a pipeline's network over recordings, or over features in Parquet files."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edge_runtime.accelerator.open import AcceleratorKind
from edge_runtime.cli.output import JsonFlag, print_json, print_table, terminal
from edge_runtime.daemon import load_pipeline
from edge_runtime.daemon.batch import Predicted, predict_file
from edge_runtime.daemon.build import Deployment, deploy
from edge_runtime.daemon.prediction_files import open_predictions

__all__ = ["predict"]

ROWS_AT_ONCE = 512


@dataclass
class _Tally:
    """What the predictions were."""

    windows: int = 0
    labelled: int = 0
    right: int = 0
    classes: Counter[str] = field(default_factory=Counter)

    def add(self, one: Predicted) -> None:
        name = one.row["name"]
        said = str(one.row["index"]) if name is None else name
        self.windows += 1
        self.classes[said] += 1
        self.labelled += one.label is not None
        self.right += one.label == said

    @property
    def accuracy(self) -> float | None:
        return round(self.right / self.labelled, 6) if self.labelled else None


def predict(
    pipeline: Annotated[Path, typer.Argument(metavar="PIPELINE.toml", help="The pipeline file.")],
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Recordings, or Parquet files of the view's features.")
    ],
    *,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A .jsonl, .parquet or .csv file.")] = None,
    on: Annotated[
        AcceleratorKind | None, typer.Option(help="Another accelerator than the pipeline file names.")
    ] = None,
    board: Annotated[str | None, typer.Option(help="Another board than the file names.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Predict what the device would have, bit for bit, while its network's own last layer serves.

    With labels in the files it tells the accuracy, too. What a learning device does, `replay` repeats.
    """
    config = load_pipeline(pipeline)
    model = config.model.model_copy(update={"check": False, **({} if on is None else {"accelerator": on})})
    deployment = deploy(model, config.view, board=board)
    tally, began = _Tally(), time.perf_counter()
    _run(deployment, files, output, tally)
    seconds = time.perf_counter() - began
    about = {
        "pipeline": config.pipeline.name,
        "accelerator": model.accelerator,
        "board": deployment.board.name,
        "parameters": deployment.board.overlay.hash,
        "files": len(files),
        "windows": tally.windows,
        "classes": dict(sorted(tally.classes.items())),
        "labelled": tally.labelled,
        "accuracy": tally.accuracy,
        "seconds": round(seconds, 3),
        "windows_per_s": round(tally.windows / seconds, 1),
        "output": None if output is None else str(output),
    }
    if as_json:
        print_json(about)
    else:
        _show(about)


def _run(deployment: Deployment, files: Sequence[Path], output: Path | None, tally: _Tally) -> None:
    with ExitStack() as stack:
        file = None if output is None else stack.enter_context(open_predictions(output))
        accelerator = stack.enter_context(deployment.open_accelerator())
        accelerator.load(deployment.program)
        progress = stack.enter_context(_progress())
        for path in files:
            task = progress.add_task(path.name, total=None)

            def told(done: int, total: int, task: Any = task) -> None:
                progress.update(task, completed=done, total=total)

            for batch in _batches(predict_file(deployment, accelerator, path, progress=told)):
                for one in batch:
                    tally.add(one)
                if file is not None:
                    file.write([one.row for one in batch])


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = terminal(errors=True)
    # A pipe or a file gets no bars: only what a terminal can overwrite.
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _batches(items: Iterator[Predicted]) -> Iterator[list[Predicted]]:
    while batch := list(islice(items, ROWS_AT_ONCE)):
        yield batch


def _show(about: dict[str, Any]) -> None:
    accuracy = "" if about["accuracy"] is None else f", {100 * about['accuracy']:.1f} % of {about['labelled']:,} right"
    terminal().print(
        f"{about['pipeline']} on {about['accelerator']}: {about['windows']:,} windows{accuracy}; "
        f"{about['windows_per_s']:,.0f}/s"
    )
    print_table(["class", "windows"], list(about["classes"].items()))
