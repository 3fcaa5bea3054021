"""Make the environments that the real pynq package is tested in: one for each version, kept in the cache.

PYNQ-Z1 and PYNQ-Z2 run pynq 3.x, the KV260 also 4.0.0; no two versions fit into one environment.
``python tools/pynq_environment.py`` makes those that are missing; an environment that cannot be made (offline) is only
reported, and the tests that need it are skipped by name.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import tomli

from edge_runtime.paths import cache_folder

__all__ = ["VERSIONS", "environment"]

# pycparser 3 and setuptools 81 have lost what pynq 3 imports.
VERSIONS = {"3.0.1": ("pycparser<3", "setuptools<81"), "3.1.2": ("pycparser<3", "setuptools<81"), "4.0.0": ()}
_TESTS = ("hypothesis>=6.100", "pytest>=8.2")
_REPOSITORY = Path(__file__).resolve().parents[1]


def environment(version: str) -> Path:
    """Return the folder of a version's environment; its file `finished` names what is in it once it is whole."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return cache_folder() / "environments" / f"pynq-{version}-python{python}"


def wanted(version: str) -> list[str]:
    """Return the packages of a version's environment: what a board has, the simulation, TFLite's kernels and pytest."""
    project = tomli.loads((_REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    return [f"pynq=={version}", *VERSIONS[version], *project["dependencies"], *extras["sim"], *extras["cpu"], *_TESTS]


def make(version: str) -> None:
    """Make a version's environment, if it is not there."""
    folder = environment(version)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        packages = wanted(version)
        finished = folder / "finished"
        if finished.exists() and finished.read_text().splitlines() == packages:
            return
        print(f"Installing pynq {version} into an environment of its own (a minute the first time)", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *packages], check=True)
        finished.write_text("\n".join(packages))


def try_to_make(version: str) -> None:
    """Make a version's environment, or say why not."""
    try:
        make(version)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"note: no environment with pynq {version}, its tests are skipped: {error}")


def main() -> None:
    """Make all that are missing."""
    for version in VERSIONS:
        try_to_make(version)


if __name__ == "__main__":
    main()
