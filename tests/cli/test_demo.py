from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.demo import DemoOptions, run_demo


@pytest.fixture(autouse=True)
def _at_full_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_quickly(options: DemoOptions, progress: Any) -> Any:
        return run_demo(replace(options, live_seconds=0.0), progress)

    monkeypatch.setattr("edge_runtime.cli.demo.run_demo", run_quickly)


def test_json_is_one_object_and_progress_goes_to_standard_error(cli: Any, tmp_path: Path) -> None:
    result = cli("demo", "--json", "--seed", "3", "--seeds", "1", "-o", tmp_path)
    found = result.json()
    assert result.status == 0
    assert found["mismatches"] == 0
    assert set(found["accuracy"]) == {"before", "frozen_after", "learned_after"}
    assert found["per_seed"][0]["seed"] == 3
    assert Path(found["report"]).is_file()
    assert "the watch is turned" in result.err


def test_people_get_a_table(cli: Any, tmp_path: Path) -> None:
    result = cli("demo", "--seeds", "1", "-o", tmp_path)
    assert result.status == 0
    assert "0 mismatches" in result.out
    assert "report: " in result.out
