"""What a board needs is there as wheels, without a compiler: for 64-bit ARM, and for the PYNQ image's 32-bit ARM."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
NEEDED = [line.split(";")[0].strip() for line in PYPROJECT["project"]["dependencies"]]
IMAGE_HAS = ("numpy",)
"""PYNQ's image for the Zynq-7000 brings it: there are no wheels of it for armv7."""


def resolve(
    requirements: list[str], platforms: list[str], python: str, folder: Path
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--dest", str(folder)]
    for platform in platforms:
        command += ["--platform", platform]
    command += ["--python-version", python, "--implementation", "cp", *requirements]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("python", ["3.10", "3.11"])
def test_the_core_resolves_for_aarch64(tmp_path: Path, python: str) -> None:
    done = resolve(NEEDED, ["manylinux2014_aarch64", "manylinux_2_28_aarch64"], python, tmp_path)
    assert done.returncode == 0, done.stderr
    assert any(path.name.startswith("numpy") for path in tmp_path.iterdir())


@pytest.mark.slow
def test_the_core_resolves_for_armv7_with_the_images_own_numpy(tmp_path: Path) -> None:
    needed = [line for line in NEEDED if not line.startswith(IMAGE_HAS)]
    platforms = ["manylinux2014_armv7l", "manylinux_2_17_armv7l", "manylinux_2_31_armv7l", "linux_armv7l"]
    done = resolve(needed, platforms, "3.10", tmp_path)
    assert done.returncode == 0, done.stderr
    assert any(path.name.startswith("pydantic_core") for path in tmp_path.iterdir())
