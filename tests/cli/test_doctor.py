from __future__ import annotations

from typing import Any

import pytest

from edge_runtime.cli import doctor


def test_a_healthy_board(cli: Any) -> None:
    result = cli("doctor", "--json")
    assert result.status == 0
    found = result.json()
    assert found["healthy"]
    assert [check["check"] for check in found["checks"]] == ["overlay", "clock", "temperature", "self-test"]
    assert "0 mismatches" in found["checks"][-1]["found"]


def test_a_board_that_is_not_there_is_told_check_by_check(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_RUNTIME_SERIAL_PORT", "/dev/nowhere")
    result = cli("doctor", "--board", "ulx3s_85f")
    assert result.status == 1
    assert "serial port /dev/nowhere" in result.out
    assert "not as it should be: overlay, self-test" in result.error()


def test_a_board_that_is_too_hot(cli: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    zone = tmp_path / "thermal_zone0"
    zone.mkdir()
    (zone / "temp").write_text("91000\n")
    monkeypatch.setattr(doctor, "_THERMAL", tmp_path)
    result = cli("doctor", "--json")
    assert result.status == 1
    assert "91 °C is more than 85 °C" in result.json()["checks"][2]["found"]
