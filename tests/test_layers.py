from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from support.waiting import DEADLINE_S

ROOT = Path(__file__).resolve().parent.parent
LINT_IMPORTS = shutil.which("lint-imports", path=str(Path(sys.executable).parent)) or "lint-imports"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache", "--config", str(folder / "pyproject.toml")],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def test_every_room_imports_only_the_rooms_below_it() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_room_that_imports_upwards_is_caught(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "edge_runtime", tmp_path / "edge_runtime", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "edge_runtime" / "errors.py").open("a") as file:
        file.write("\nfrom edge_runtime.stream import block\n")
    result = lint(tmp_path)
    assert result.returncode != 0
    assert "edge_runtime.errors" in result.stdout
