from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.errors import ConfigError, SinkError, StateError
from edge_runtime.store import Entry, Features, HeadWeights, Retention, Store, StoreReader
from edge_runtime.store.retention import SMALLEST_CAP
from edge_runtime.store.schema import STEPS, VERSION, migrate
from edge_runtime.store.tables import TABLES
from edge_runtime.telemetry import make_record

PREDICTION = {
    "start_ns": 1,
    "window": 4,
    "prediction": 7,
    "index": 1,
    "name": "wild",
    "outputs": [-128, 127],
    "head": "frozen",
    "cycles": 99,
    "mismatches": None,
    "latency_ms": 0.25,
    "flags": ["GAP"],
}


def entry(kind: str, number: int, *, values: list[float] | None = None, **fields: Any) -> Entry:
    features = None if values is None else Features('["a", "b"]', np.array(values, np.float32))
    return Entry(make_record(kind, record_id=f"r-{number}", t_ns=number, pipeline="p", **fields), features)


def rows(path: Path, table: str) -> list[dict[str, Any]]:
    with StoreReader(path) as reader:
        return list(reader.rows(TABLES[table]))


def test_every_kind_of_record_comes_back_whole(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", clock_ns=lambda: 5)
    label = {"prediction": 7, "index": 0, "name": "calm", "source": "x", "status": "accepted", "learnt": True}
    store.add([entry("prediction", 1, **PREDICTION), entry("label", 2, **label, served_right=False)])
    store.add([entry("head", 3, decision="promote", head="slda", evidence={"recent": {"n": 3}})])
    store.add([entry("event", 4, event="failed", error="E", message="m", extra=[1]), entry("other", 5, a=1)])
    store.close()
    (made,) = rows(tmp_path / "s", "prediction")
    renamed = {"index": "class_index", "name": "class_name"}
    assert {renamed.get(key, key): value for key, value in PREDICTION.items()}.items() <= made.items()
    assert (made["id"], made["pipeline"], made["t_ns"], made["put_ns"], made["more"]) == ("r-1", "p", 1, 5, None)
    (said,) = rows(tmp_path / "s", "label")
    assert (said["class_name"], said["served_right"], said["learnt"]) == ("calm", False, True)
    (decided,) = rows(tmp_path / "s", "head")
    assert decided["evidence"] == {"recent": {"n": 3}}
    events = rows(tmp_path / "s", "event")
    assert [(row["kind"], row["message"], row["more"]) for row in events] == [
        ("event", "m", {"extra": [1]}),
        ("other", None, {"a": 1}),
    ]


def test_a_heads_weights_come_back_to_the_bit_and_go_with_its_row(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", retention=Retention(rows=2))
    heads = [HeadWeights(np.full((3, 4), 0.1 * n, np.float32), np.arange(3, dtype=np.float32) - n) for n in range(4)]
    for number, head in enumerate(heads):
        record = make_record(
            "head", record_id=f"r-{number}", t_ns=number, pipeline="p", decision="refresh", head="slda"
        )
        store.add([Entry(record, head=head), entry("head", 10 + number, decision="shadow", head="slda")])
    store.close()
    with StoreReader(tmp_path / "s") as reader:
        (kept,) = reader.heads()
        content = reader.content()
    assert kept.decision["id"] == "r-3"
    np.testing.assert_array_equal(kept.weights, heads[3].weights)
    np.testing.assert_array_equal(kept.bias, heads[3].bias)
    assert (content.rows["head"], content.weights, content.counters) == (2, 1, {"dropped_head_rows": 6})


def test_windows_come_with_features_and_the_newest_label_that_means_something(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")

    def say(number: int, name: str, status: str) -> Entry:
        return entry("label", number, prediction=7, index=0, name=name, source="x", status=status)

    # Numbers begin anew when a daemon does: a label is about the newest prediction of its number.
    store.add(
        [entry("prediction", 1, values=[0.1, 2], **PREDICTION), entry("prediction", 2, values=[3, 4], **PREDICTION)]
    )
    store.add([say(3, "calm", "accepted"), say(4, "wild", "distrusted"), entry("prediction", 5, prediction=8)])
    store.close()
    with StoreReader(tmp_path / "s") as reader:
        first, second = reader.windows()
    assert (first.label, second.label, second.source) == (None, "calm", "x")
    assert first.names == ("a", "b")
    np.testing.assert_array_equal(first.values, np.array([0.1, 2], np.float32))


def test_rows_and_age_are_limits_and_what_goes_is_counted(tmp_path: Path) -> None:
    now = 10**18
    store = Store(tmp_path / "s", retention=Retention(rows=10, age_s=60), clock_ns=lambda: now)
    store.add([entry("prediction", number, values=[number, 0]) for number in range(25)])
    assert [row["t_ns"] for row in rows(tmp_path / "s", "prediction")] == list(range(15, 25))
    now += 61 * 10**9
    store.add([entry("prediction", 25, values=[25, 0]), entry("event", 26)])
    assert [row["t_ns"] for row in rows(tmp_path / "s", "prediction")] == [25]
    assert store.counters() == {"dropped_prediction_rows": 16, "dropped_prediction_age": 9}
    with StoreReader(tmp_path / "s") as reader:
        assert reader.content().features == 1
    now += 61 * 10**9
    store.add([])
    store.add([entry("head", 27)])
    assert rows(tmp_path / "s", "prediction") == rows(tmp_path / "s", "event") == []
    store.close()


@pytest.mark.parametrize("size", [10, 30_000])
def test_the_files_stay_within_their_cap(tmp_path: Path, size: int) -> None:
    path, largest = tmp_path / "s", 0
    store = Store(path, retention=Retention(cap_bytes=SMALLEST_CAP))
    names, total = json.dumps([f"f{n}" for n in range(size)]), 0
    while total < 3 * SMALLEST_CAP:
        batch = [
            Entry(entry("prediction", n, text="x" * 1000).record, Features(names, np.full(size, n, np.float32)))
            for n in range(200)
        ]
        store.add(batch)
        total += 200 * (1000 + 4 * size)
        largest = max(largest, sum(file.stat().st_size for file in tmp_path.iterdir()))
    assert largest <= SMALLEST_CAP
    with StoreReader(path) as reader:
        content = reader.content()
    assert content.counters["dropped_prediction_bytes"] > 0
    assert content.rows["prediction"] == content.features
    # It makes room, no more than that.
    assert content.rows["prediction"] * (1000 + 4 * size) > SMALLEST_CAP // 4
    store.close()


def test_a_full_disk_is_one_error_and_the_next_call_may_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "s")
    store.add([entry("event", 1)])
    with monkeypatch.context() as patch:
        patch.setattr("edge_runtime.store.store.retire", _full)
        with pytest.raises(SinkError, match="cannot be stored"):
            store.add([entry("event", 2)])
    store.add([entry("event", 3)])
    assert [row["id"] for row in rows(tmp_path / "s", "event")] == ["r-1", "r-3"]
    store.close()


def _full(*_: object, **__: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def test_two_programs_may_write_to_one_store(tmp_path: Path) -> None:
    one, two = Store(tmp_path / "s"), Store(tmp_path / "s")
    for number in range(20):
        (one, two)[number % 2].add([entry("prediction", number, values=[number, 0])])
    one.close()
    two.close()
    assert [row["t_ns"] for row in rows(tmp_path / "s", "prediction")] == list(range(20))


@pytest.mark.parametrize("version", range(VERSION + 1))
def test_a_store_of_every_earlier_version_is_migrated_with_what_it_holds(tmp_path: Path, version: int) -> None:
    path = tmp_path / "s"
    _make_old(path, version)
    if 0 < version < VERSION:
        with pytest.raises(StateError, match=f"has version {version}"):
            StoreReader(path)
    store = Store(path)
    store.add([entry("prediction", 9, values=[1, 2], **PREDICTION)])
    store.close()
    with StoreReader(path) as reader:
        assert reader.content().version == VERSION == len(STEPS)
        kept = [row["id"] for row in reader.rows(TABLES["prediction"])]
        assert kept == (["old", "r-9"] if version else ["r-9"])
        assert len(list(reader.windows())) == 1
    assert _layout(path) == _layout(_made_new(tmp_path / "new"))


def _make_old(path: Path, version: int) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    migrate(database, upto=version)
    if version:
        database.execute("INSERT INTO prediction (put_ns, id, pipeline, t_ns) VALUES (1, 'old', 'p', 2)")
    database.close()


def _made_new(path: Path) -> Path:
    store = Store(path)
    store.counters()
    store.close()
    return path


def _layout(path: Path) -> list[tuple[str, str]]:
    database = sqlite3.connect(path)
    found = database.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    database.close()
    return found


def test_a_migration_that_is_cut_short_leaves_the_old_store(tmp_path: Path) -> None:
    path = tmp_path / "s"
    _make_old(path, 1)
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    migrate(database)
    database.close()  # without a commit, as a kill leaves it
    assert dict(_layout(path)).keys() & {"feature"} == set()
    store = Store(path)
    store.add([entry("event", 1)])
    store.close()
    assert [row["id"] for row in rows(path, "prediction")] == ["old"]


def test_every_field_has_its_column(tmp_path: Path) -> None:
    database = sqlite3.connect(_made_new(tmp_path / "s"))
    for table in TABLES.values():
        there = {row[1] for row in database.execute(f"PRAGMA table_info({table.name})")}
        wanted = {column.name for column in table.columns} | {"seq", "put_ns", "more"}
        assert there - wanted <= {"prediction_seq"}
        assert wanted <= there
    database.close()


def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_bytes(b"no database at all" * 1000)
    store = Store(path)
    store.add([entry("event", 1)])
    assert store.counters() == {"set_aside": 1}
    store.close()
    assert (tmp_path / "s.damaged-1").read_bytes().startswith(b"no database")


def test_what_is_no_store_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no store"):
        StoreReader(tmp_path / "none")
    (tmp_path / "text").write_text("hello" * 1000)
    with pytest.raises(ConfigError, match="cannot be read as a store"):
        StoreReader(tmp_path / "text")
    sqlite3.connect(tmp_path / "other").execute("CREATE TABLE t (x)").connection.close()
    with pytest.raises(ConfigError, match="not a store"):
        StoreReader(tmp_path / "other")
    with pytest.raises(ConfigError, match="not a store"):
        Store(tmp_path / "other").open()
    assert (tmp_path / "other").exists()
    _make_old(tmp_path / "new", VERSION)
    sqlite3.connect(tmp_path / "new").execute("PRAGMA user_version = 99").connection.close()
    with pytest.raises(ConfigError, match="version 99"):
        Store(tmp_path / "new").open()


def test_a_cap_that_is_too_small_is_refused() -> None:
    with pytest.raises(ConfigError, match="cap"):
        Retention(cap_bytes=1000)
