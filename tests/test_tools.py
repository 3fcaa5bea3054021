"""The shell scripts that the Makefile leans on: what they say when something is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.waiting import DEADLINE_S

TOOLS = Path(__file__).resolve().parent.parent / "tools"


def run(script: str, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(TOOLS / script), *arguments],
        env={**os.environ, "PATH": path or os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def fake_python(folder: Path, body: str) -> str:
    """Make an executable that stands in for a Python."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def refusal(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_a_complete_computer_passes_in_silence() -> None:
    result = run("check_tools.sh", sys.executable)
    assert (result.returncode, result.stdout) == (0, "")


def test_a_missing_python_is_told_with_the_command_that_installs_it() -> None:
    assert "python9 is missing; install it with: apt-get install python3" in refusal(run("check_tools.sh", "python9"))


def test_a_python_that_is_too_old_is_refused(tmp_path: Path) -> None:
    old = fake_python(tmp_path, 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac')
    assert "Python 3.9.2 is not supported; name one of Python 3.10 to 3.13" in refusal(run("check_tools.sh", old))


def test_a_python_without_environments_is_told(tmp_path: Path) -> None:
    bare = fake_python(tmp_path, 'case "$2" in *ensurepip*) exit 1;; esac')
    assert "apt-get install python3-venv" in refusal(run("check_tools.sh", bare))


@pytest.mark.parametrize("missing", ["git", "g++"])
def test_a_missing_program_is_told(tmp_path: Path, missing: str) -> None:
    for name in {"git", "g++"} - {missing}:
        (tmp_path / name).symlink_to("/bin/true")
    result = run("check_tools.sh", sys.executable, path=str(tmp_path))
    assert f"apt-get install {missing}" in result.stderr
    # Without a C++ compiler ziglang stands in: a note, not an error.
    assert result.returncode == (1 if missing == "git" else 0)


def test_an_environment_that_works_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    (folder / "kept").touch()
    result = run("make_venv.sh", sys.executable, str(folder))
    assert (result.returncode, result.stdout) == (0, "")
    assert (folder / "kept").exists()


def test_an_environment_of_another_python_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    (folder / "bin").mkdir(parents=True)
    fake_python(folder / "bin", "echo 3.9")
    (folder / "stale").touch()
    result = run("make_venv.sh", sys.executable, str(folder))
    assert result.returncode == 0, result.stderr
    assert "Making" in result.stdout
    assert not (folder / "stale").exists()
    assert (folder / "bin" / "pip").exists()
