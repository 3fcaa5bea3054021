from __future__ import annotations

from pathlib import Path

import pytest

from edge_runtime import paths
from edge_runtime.errors import ToolError


def test_the_projects_own_folders_are_found() -> None:
    assert (paths.board_folder() / "pynq_z2.toml").is_file()
    assert any(paths.rtl_folder().glob("*.v"))


def test_an_installation_without_them_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "edge_runtime")
    with pytest.raises(ToolError, match=r"no rtl folder.*install it again"):
        paths.rtl_folder()


def test_what_a_wheel_packed_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    packed = tmp_path / "edge_runtime" / "_data" / "rtl"
    packed.mkdir(parents=True)
    (tmp_path / "rtl").mkdir()
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "edge_runtime")
    assert paths.rtl_folder() == packed


@pytest.mark.parametrize(
    ("own", "shared", "expected"),
    [
        ("/own", "/shared", Path("/own")),
        ("", "/shared", Path("/shared/edge_runtime")),
        ("", "not/absolute", Path("/home/me/.cache/edge_runtime")),
        ("", "", Path("/home/me/.cache/edge_runtime")),
    ],
)
def test_the_cache_is_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, own: str, shared: str, expected: Path
) -> None:
    monkeypatch.setenv("EDGE_RUNTIME_CACHE", own)
    monkeypatch.setenv("XDG_CACHE_HOME", shared)
    monkeypatch.setenv("HOME", "/home/me")
    assert paths.cache_folder() == expected
