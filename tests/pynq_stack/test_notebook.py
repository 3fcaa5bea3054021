"""The notebook that a PYNQ user opens first: its cells run, and pynq delivers it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pynqutils.setup_utils import ExtensionsManager, deliver_notebooks

import edge_runtime.notebooks
import edge_runtime.overlays

NOTEBOOK = edge_runtime.notebooks.FOLDER / "first_steps.ipynb"


def test_every_cell_runs(capsys, monkeypatch):
    monkeypatch.delenv("BOARD", raising=False)
    scope = {}
    for cell in json.loads(NOTEBOOK.read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), cell["id"], "exec"), scope)  # noqa: S102 - our own
            assert cell["outputs"] == [], "committed without outputs"
    said = capsys.readouterr().out
    assert "(simulated)" in said
    assert "20 inferences, the same bits" in said
    assert "became" in said


@pytest.mark.parametrize("package", [edge_runtime.notebooks, edge_runtime.overlays])
def test_pynq_finds_the_folder(package):
    assert Path(ExtensionsManager.extension_path(package.__name__)) == package.FOLDER


def test_pynq_delivers_the_notebook(tmp_path):
    deliver_notebooks("Pynq-Z2", str(NOTEBOOK.parent), str(tmp_path), "edge_runtime", folder=True)
    assert (tmp_path / "edge_runtime" / NOTEBOOK.name).read_text() == NOTEBOOK.read_text()
