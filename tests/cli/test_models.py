from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_runtime.catalogue import known_models


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_RUNTIME_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("EDGE_RUNTIME_MODELS", raising=False)


def test_what_is_known_is_listed_with_its_origin(cli: Any) -> None:
    rows = cli("models", "list", "--json").json()["models"]
    assert [row["name"] for row in rows] == list(known_models())
    assert all(len(row["commit"]) == 40 and len(row["sha256"]) == 64 for row in rows)
    assert {row["here"] for row in rows} == {None}
    assert "mlperf_kws_dscnn" in cli("models", "list").out


def test_what_is_here_is_listed_with_its_path(cli: Any, shared_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_RUNTIME_MODELS", str(shared_models))
    rows = cli("models", "list", "--json").json()["models"]
    assert [row["here"] for row in rows] == [str(shared_models / f"{name}.tflite") for name in known_models()]


def test_a_file_that_is_another_is_listed_as_that(cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_RUNTIME_MODELS", str(tmp_path))
    (tmp_path / "hello_world.tflite").touch()
    assert "another file" in cli("models", "list").out


def test_a_verb_takes_a_name(cli: Any, shared_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_RUNTIME_MODELS", str(shared_models))
    report = cli("compile", "mlperf_ad_autoencoder", "--json").json()
    assert (report["model"], report["macs"]) == ("mlperf_ad_autoencoder.tflite", 264_192)


def test_a_name_whose_file_is_not_here_says_how_to_get_it(cli: Any) -> None:
    result = cli("compile", "mlperf_ad_autoencoder")
    assert result.status == 2
    assert "models fetch mlperf_ad_autoencoder" in result.error()


def test_no_network(cli: Any) -> None:
    result = cli("models", "fetch", "hello_world", "--mirror", "http://127.0.0.1:1", "--json")
    assert (result.status, result.out) == (1, "")
    assert "cannot be reached" in result.error()


def test_a_name_that_nobody_knows(cli: Any) -> None:
    result = cli("models", "fetch", "hello")
    assert result.status == 2
    assert "unknown" in result.error()
