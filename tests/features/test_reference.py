from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.errors import ConfigError
from edge_runtime.features import FeatureView, compute_recording, reference
from edge_runtime.features.reference import ReferenceData, ReferenceTable
from edge_runtime.stream import Flags, Recording, sample_times

ROWS = [("pump-7", 0, 1.5, 10), ("pump-7", 5 * 10**9, 2.5, 20), ("pump-8", 0, 9.0, 90)]


@pytest.fixture(params=["csv", "sqlite"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"assets.{request.param}"
    if request.param == "csv":
        lines = [f"{asset},{t_ns},{wear},{age}" for asset, t_ns, wear, age in ROWS]
        path.write_text("\n".join(["asset,t_ns,wear,age", *lines]) + "\n")
        return path
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE reference (asset TEXT, t_ns INTEGER, wear REAL, age INTEGER)")
    database.executemany("INSERT INTO reference VALUES (?, ?, ?, ?)", ROWS)
    database.commit()
    database.close()
    return path


def declared(path: Path, **changes: Any) -> ReferenceTable:
    keys = {"file": path, "key": {"asset": "pump-7"}, "columns": ("wear", "age"), **changes}
    return ReferenceTable(**keys)


def test_a_row_holds_from_its_time_on(table: Path) -> None:
    data = ReferenceData(declared(table))
    assert data.as_of(0) == [1.5, 10]
    assert data.as_of(5 * 10**9 - 1) == [1.5, 10]
    assert data.as_of(5 * 10**9) == [2.5, 20]
    assert np.isnan(data.as_of(-1)).all()
    assert data.missing == 1


def test_a_row_holds_only_as_long_as_it_lives(table: Path) -> None:
    data = ReferenceData(declared(table, ttl="2 s"))
    assert data.as_of(2 * 10**9) == [1.5, 10]
    assert np.isnan(data.as_of(2 * 10**9 + 1)).all()


def test_a_changed_file_is_read_again_and_a_broken_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "CHECK_EVERY_S", 0.0)
    path = tmp_path / "assets.csv"
    path.write_text("asset,wear,age\npump-7,1,2\n")
    data = ReferenceData(declared(path))
    assert data.as_of(0) == [1, 2]
    path.write_text("asset,wear,age\npump-7,30,40\n")
    os.utime(path, ns=(1, 1))
    assert data.as_of(0) == [30, 40]
    path.write_text("asset,wear\npump-7,5\n")
    os.utime(path, ns=(2, 2))
    assert data.as_of(0) == [30, 40]
    assert (data.reloads, data.failures) == (1, 1)


def test_reference_data_follow_the_kernels_in_a_view(table: Path) -> None:
    view = FeatureView.from_mapping(
        {
            "name": "v",
            "channels": ["x"],
            "window": "1 s",
            "hop": "1 s",
            "kernels": ["mean"],
            "non_finite": "mark",
            "reference": [{"file": str(table), "key": {"asset": "pump-7"}, "columns": ["wear"], "ttl": "7 s"}],
        }
    )
    assert view.output_names == ("mean.x", "reference.wear")
    whole = Recording(sample_times(0, 150, rate_hz=10.0), np.ones((150, 1), np.float32), ("x",), 10.0)
    windows = compute_recording(view, whole)
    assert [window.values[1] for window in windows[:12]] == [1.5] * 5 + [2.5] * 7
    assert np.isnan(windows[12].values[1])
    assert windows[12].flags == Flags.NOT_FINITE
    assert FeatureView.from_mapping(view.as_mapping()) == view


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": ("ware",)}, "no column ware; it has asset, t_ns, wear, age"),
        ({"key": {"site": "x"}}, "no column site"),
        ({"columns": ("asset",)}, "could not convert|is no number"),
    ],
)
def test_what_is_wrong_is_told(table: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ReferenceData(declared(table, **changes))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    for name in ("none.csv", "none.sqlite"):
        with pytest.raises(ConfigError, match=f"{name}: cannot be read"):
            ReferenceData(declared(tmp_path / name))
