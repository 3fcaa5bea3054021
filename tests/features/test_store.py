from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import ConfigError, StateError
from edge_runtime.features import (
    FeatureView,
    FeatureWindow,
    LabelledTime,
    OnlineStore,
    compute_recording,
    join_labels,
    label_windows,
)
from edge_runtime.stream import Flags, Recording, Span, sample_times


def view(version: int = 1) -> FeatureView:
    declared = {"name": "v", "version": version, "channels": ["x"], "window": "1 s", "hop": "1 s"}
    return FeatureView.from_mapping({**declared, "kernels": ["mean", "max"]})


def windows(count: int = 5) -> list[FeatureWindow]:
    samples = np.random.default_rng(1).normal(size=(count * 10, 1)).astype(np.float32)
    return compute_recording(view(), Recording(sample_times(0, count * 10, rate_hz=10.0), samples, ("x",), 10.0))


def as_data(window: FeatureWindow) -> tuple[int, int, int, bytes, Flags]:
    return window.index, window.start_ns, window.end_ns, window.values.tobytes(), window.flags


def test_the_latest_value_is_read_by_name() -> None:
    store = OnlineStore()
    for window in windows():
        store.put(view(), "pump-7", window)
    latest = store.latest("v", "pump-7")
    assert latest is not None
    assert latest.value("mean.x") == latest.as_dict()["mean.x"] == float(windows()[-1].values[0])
    assert store.latest("v", "pump-8") is None
    assert store.keys("v") == ["pump-7"]
    with pytest.raises(ConfigError, match=r"view v has no output std.x; it has mean.x, max.x"):
        latest.value("std.x")


def test_an_older_window_does_not_replace_a_newer_one() -> None:
    store, (first, second) = OnlineStore(), windows(2)
    store.put(view(), "k", second)
    store.put(view(), "k", first)
    latest = store.latest("v", "k")
    assert latest is not None
    assert latest.window.index == 1


def test_what_was_flushed_is_there_after_a_restart(tmp_path: Path) -> None:
    store = OnlineStore(tmp_path / "f.sqlite")
    for window in windows():
        store.put(view(), "k", window)
    store.flush()
    # No close: as after a power cut.
    again = OnlineStore(tmp_path / "f.sqlite")
    latest = again.latest(view().fingerprint, "k")
    assert latest is not None
    assert as_data(latest.window) == as_data(windows()[-1])
    assert [as_data(window) for window in again.history(view(), "k")] == [as_data(window) for window in windows()]


def test_versions_are_kept_apart_and_the_newest_answers(tmp_path: Path) -> None:
    store = OnlineStore(tmp_path / "f.sqlite")
    store.put(view(2), "k", windows()[0])
    store.put(view(1), "k", windows()[1])
    latest = store.latest("v", "k")
    assert latest is not None
    assert latest.version == 2
    assert len(store.history(view(1), "k")) == 1
    store.close()
    store.close()


def test_windows_come_from_many_threads_while_others_flush(tmp_path: Path) -> None:
    store, many = OnlineStore(tmp_path / "f.sqlite"), windows(60)
    threads = [
        threading.Thread(target=lambda key=key: [store.put(view(), key, window) for window in many]) for key in "abcd"
    ]
    threads += [threading.Thread(target=lambda: [store.flush() for _ in range(20)])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for key in "abcd":
        assert len(store.history(view(), key)) == 60
    assert (store.waiting, store.lost) == (0, 0)


def test_what_waits_too_long_is_lost_to_the_history_and_counted(tmp_path: Path) -> None:
    store = OnlineStore(tmp_path / "f.sqlite", most_waiting=3)
    for window in windows(5):
        store.put(view(), "k", window)
    assert (store.waiting, store.lost) == (3, 2)
    assert [window.index for window in store.history(view(), "k")] == [2, 3, 4]
    assert store.waiting == 0


def test_history_that_is_older_than_it_may_be_goes(tmp_path: Path) -> None:
    store = OnlineStore(tmp_path / "f.sqlite", keep_s=2.0)
    for window in windows(5):
        store.put(view(), "k", window)
        store.flush()
    assert [window.index for window in store.history(view(), "k")] == [2, 3, 4]


def test_everything_is_described_for_json_and_nan_is_none() -> None:
    store, (first, *_) = OnlineStore(), windows()
    bad = np.array([np.nan, 1.5], np.float32)
    marked = FeatureWindow(first.index, first.start_ns, first.end_ns, bad, Flags.NOT_FINITE | Flags.GAP)
    store.put(view(), "pump-8", marked)
    store.put(view(), "pump-7", first)
    one, two = (stored.describe() for stored in store.all_latest())
    assert (one["key"], one["flags"], one["end_ns"]) == ("pump-7", [], first.end_ns)
    assert (two["view"], two["values"]) == ("v", {"mean.x": None, "max.x": 1.5})
    assert sorted(two["flags"]) == ["gap", "not_finite"]


def test_without_a_database_there_is_no_history() -> None:
    with pytest.raises(StateError, match="keeps no history"):
        OnlineStore().history(view(), "k")


def test_something_else_than_a_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f.sqlite").write_text("something else than a database, and long enough to be seen as such " * 20)
    with pytest.raises(StateError, match="cannot be opened"):
        OnlineStore(tmp_path / "f.sqlite")


def test_a_label_sees_nothing_that_came_after_it() -> None:
    many = windows()
    labels = [LabelledTime(many[2].end_ns, "now"), LabelledTime(many[2].end_ns - 1, "before"), LabelledTime(0, "early")]
    assert [(window.index, label) for window, label in join_labels(many, labels)] == [(2, "now"), (1, "before")]
    late = [LabelledTime(many[-1].end_ns + 2 * 10**9, "late")]
    assert join_labels(many, late, oldest_s=1.0) == []
    assert len(join_labels(many, late, oldest_s=2.0)) == 1


def test_spans_label_the_windows_that_lie_in_them() -> None:
    samples = np.zeros((50, 1), np.float32)
    spans = (Span(0, 25 * 10**8, "a"), Span(25 * 10**8, 10**10, "b"))
    whole = Recording(sample_times(0, 50, rate_hz=10.0), samples, ("x",), 10.0, spans)
    found = label_windows(compute_recording(view(), whole), whole)
    assert [(window.index, label) for window, label in found] == [(0, "a"), (1, "a"), (3, "b"), (4, "b")]
