from __future__ import annotations

import threading

import numpy as np
import pytest

from edge_runtime.daemon import DelayedTruth, Label, LabelQueue
from edge_runtime.daemon.labels import SpanLabel
from edge_runtime.errors import DataError
from edge_runtime.stream import Recording, concatenate_cases

S = 1_000_000_000


def recording() -> Recording:
    """Two cases of ten seconds each at 10 Hz."""
    return concatenate_cases(np.zeros((2, 100, 1), np.float32), ["walk", "run"], channels=["x"], rate_hz=10.0)


def test_a_windows_truth_comes_after_the_delay() -> None:
    feed = DelayedTruth(recording(), {"walk": 0, "run": 1}, delay_s=5.0)
    feed.predicted(7, start_ns=0, end_ns=4 * S)
    assert feed.due(9 * S - 1) == []
    assert feed.due(9 * S) == [Label(7, 0)]
    assert feed.due(100 * S) == []


def test_a_window_that_touches_two_spans_gets_no_label() -> None:
    feed = DelayedTruth(recording(), {"walk": 0, "run": 1}, delay_s=0.0)
    feed.predicted(0, start_ns=8 * S, end_ns=12 * S)
    assert feed.waiting == 0
    assert feed.due(100 * S) == []


def test_labels_come_in_the_order_in_which_they_are_due() -> None:
    feed = DelayedTruth(recording(), {"walk": 0, "run": 1}, delay_s=1.0)
    feed.predicted(2, start_ns=11 * S, end_ns=14 * S)
    feed.predicted(1, start_ns=0, end_ns=3 * S)
    assert feed.due(15 * S) == [Label(1, 0), Label(2, 1)]


def test_a_truth_that_is_no_class_is_refused() -> None:
    with pytest.raises(DataError, match="spans of 'run'; the model's classes are walk"):
        DelayedTruth(recording(), {"walk": 0}, delay_s=1.0)


def test_labels_from_other_threads_come_once_each() -> None:
    feed = LabelQueue()

    def give(first: int) -> None:
        for number in range(first, first + 1000):
            feed.put(Label(number, 0))

    threads = [threading.Thread(target=give, args=(first,)) for first in (0, 1000, 2000)]
    for thread in threads:
        thread.start()
    got = []
    while any(thread.is_alive() for thread in threads):
        got += feed.due(0)
    got += feed.due(0)
    assert sorted(label.prediction for label in got) == list(range(3000))


def test_a_span_waits_until_the_last_window_in_it_has_its_prediction() -> None:
    queue = LabelQueue()
    queue.put(SpanLabel(0, 5 * S, 1))
    queue.put(Label(3, 0))
    assert queue.due(4 * S) == [Label(3, 0)]
    assert queue.due(5 * S) == []
    queue.predicted(4, start_ns=3 * S, end_ns=5 * S)
    assert queue.due(5 * S) == [SpanLabel(0, 5 * S, 1)]
    assert queue.due(6 * S) == []


def test_a_span_in_which_no_window_ends_is_over_when_the_stream_has_passed_it() -> None:
    queue = LabelQueue()
    queue.put(SpanLabel(0, 5 * S, 1))
    assert queue.due(6 * S) == [SpanLabel(0, 5 * S, 1)]


def test_a_full_queue_refuses_and_counts() -> None:
    queue = LabelQueue(capacity=2)
    assert [queue.put(Label(number, 0)) for number in range(4)] == [True, True, False, False]
    assert queue.refused == 2
    assert queue.due(0) == [Label(0, 0), Label(1, 0)]
