"""What a board needs is there as wheels, without a compiler: for 64-bit ARM, and for the PYNQ image's 32-bit ARM."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
NEEDED = [line.split(";")[0].strip() for line in PYPROJECT["project"]["dependencies"]]
IMAGE_NUMPY = "1.21.5"
"""What PYNQ 3's images, Ubuntu 22.04, bring: there are no wheels of NumPy for armv7."""


def resolve(
    requirements: list[str], platforms: list[str], python: str, folder: Path, *, installed: Path | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--dest", str(folder)]
    if installed is not None:
        command += ["--find-links", str(installed)]
    for platform in platforms:
        command += ["--platform", platform]
    command += ["--python-version", python, "--implementation", "cp", *requirements]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.parametrize("python", ["3.10", "3.11"])
def test_the_core_resolves_for_aarch64(tmp_path: Path, python: str) -> None:
    done = resolve(NEEDED, ["manylinux2014_aarch64", "manylinux_2_28_aarch64"], python, tmp_path)
    assert done.returncode == 0, done.stderr
    assert any(path.name.startswith("numpy") for path in tmp_path.iterdir())


def image_with_numpy(folder: Path) -> Path:
    """Return a folder with a wheel that stands for the image's NumPy: its name and version, nothing in it."""
    folder.mkdir()
    info = f"numpy-{IMAGE_NUMPY}.dist-info"
    with zipfile.ZipFile(folder / f"numpy-{IMAGE_NUMPY}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: numpy\nVersion: {IMAGE_NUMPY}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return folder


def test_the_core_resolves_for_armv7_with_the_images_own_numpy(tmp_path: Path) -> None:
    platforms = ["manylinux2014_armv7l", "manylinux_2_17_armv7l", "manylinux_2_31_armv7l", "linux_armv7l"]
    image = image_with_numpy(tmp_path / "image")
    done = resolve(NEEDED, platforms, "3.10", tmp_path / "wheels", installed=image)
    assert done.returncode == 0, done.stderr
    assert any(path.name.startswith("pydantic_core") for path in (tmp_path / "wheels").iterdir())
