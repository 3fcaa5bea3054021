from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.telemetry.outbox import Item, Spool


@pytest.fixture
def file(tmp_path: Path) -> Path:
    spool = Spool(tmp_path / "outbox")
    spool.open()
    bodies = [json.dumps({"id": f"r-{n}", "kind": "event", "pipeline": "p", "t_ns": n}).encode() for n in range(3)]
    spool.commit([Item(n + 1, 2 - n, 10**18, body) for n, body in enumerate(bodies)])
    spool.commit((), acknowledged=[1])
    return tmp_path / "outbox"


def test_an_outbox_can_be_looked_into_while_it_is_open(cli: Any, file: Path) -> None:
    content = cli("outbox", file, "--json", "--limit", 1).json()
    assert (content["depth"], content["counters"]["acknowledged"]) == (2, 1)
    assert [record["id"] for record in content["records"]] == ["r-1"]


def test_people_get_a_table(cli: Any, file: Path) -> None:
    result = cli("outbox", file)
    assert result.status == 0
    assert "2 records wait, the oldest for" in result.out
    assert "r-1" in result.out


def test_a_file_that_is_not_there_or_no_outbox_is_told(cli: Any, tmp_path: Path) -> None:
    assert "there is no outbox" in cli("outbox", tmp_path / "none").error()
    (tmp_path / "text").write_text("hello" * 1000)
    result = cli("outbox", tmp_path / "text")
    assert result.status == 2
    assert "cannot be read as an outbox" in result.error()
