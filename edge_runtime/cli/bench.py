"""`edge-runtime bench NAME`: what is measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from edge_runtime.cli.output import JsonFlag, print_json, print_table
from edge_runtime.errors import ConfigError, ToolError

__all__ = ["bench"]


def bench(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A benchmark, such as features.")],
    *,
    as_json: JsonFlag = False,
) -> None:
    """Run a benchmark of the checkout and print what it measured; ratios are against peers in the same run."""
    folder = Path(__file__).resolve().parents[2] / "benchmarks"
    known = sorted(script.stem for script in folder.glob("*.py"))
    if not known:
        raise ToolError("this installation has no benchmarks; run it in a checkout of the project")
    if name not in known:
        raise ConfigError(f"there is no benchmark {name!r}; there is {', '.join(known)}")
    done = subprocess.run([sys.executable, str(folder / f"{name}.py")], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise ToolError(f"the benchmark {name} failed with status {done.returncode}; what it said stands above")
    result = json.loads(done.stdout.strip().splitlines()[-1])
    if as_json:
        print_json(result)
    else:
        print_table(["measured", "value"], [[key, value] for key, value in result.items()])
