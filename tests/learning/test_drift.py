from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.errors import DataError
from edge_runtime.learning import Adwin, EmbeddingDistance, PageHinkley, TrainingStatistics
from edge_runtime.learning.shift import ShiftWatch

FEATURES = 8


def alarms(detector: Adwin | PageHinkley, values: np.ndarray) -> list[int]:
    return [at for at, value in enumerate(values.tolist()) if detector.add(value)]


@pytest.mark.parametrize("error", [0.05, 0.3])
def test_false_alarms_of_adwin_are_as_rare_as_said(error: float) -> None:
    """Delta is for each check; a stream of 1,500 labels has 187 of them."""
    random = np.random.default_rng(0)
    false = [len(alarms(Adwin(delta=0.0005), (random.random(1500) < error).astype(float))) for _ in range(12)]
    assert np.mean(false) <= 0.0005 * 187 + 0.2


def test_adwin_finds_a_change_in_either_direction_and_keeps_what_came_after() -> None:
    random = np.random.default_rng(1)
    for before, after in ((0.05, 0.5), (0.5, 0.05)):
        adwin = Adwin(delta=0.002)
        series = np.concatenate([random.random(400) < before, random.random(200) < after]).astype(float)
        found = alarms(adwin, series)
        assert 400 <= found[-1] < 460
        assert abs(adwin.count - 200) <= 25
        assert adwin.mean == pytest.approx(after, abs=0.12)


def test_page_hinkley_rises_on_an_increase_only() -> None:
    random = np.random.default_rng(2)
    steady = [len(alarms(PageHinkley(), (random.random(1000) < 0.1).astype(float))) for _ in range(10)]
    assert np.mean(steady) <= 0.1
    rise = np.concatenate([random.random(300) < 0.1, random.random(100) < 0.7]).astype(float)
    assert 300 <= alarms(PageHinkley(), rise)[0] < 345
    fall = np.concatenate([random.random(300) < 0.7, random.random(300) < 0.1]).astype(float)
    assert alarms(PageHinkley(), fall) == []


@pytest.mark.parametrize("error", [0.05, 0.2, 0.5])
def test_false_alarms_of_page_hinkley_are_rare_at_any_share_of_errors(error: float) -> None:
    """At most one in 10,000 labels, over 60,000 of them; the detection of a rise by 0.3 takes some dozen labels."""
    random = np.random.default_rng(5)
    false = sum(len(alarms(PageHinkley(), (random.random(1500) < error).astype(float))) for _ in range(40))
    assert false <= 6
    delays = []
    for _ in range(20):
        series = np.concatenate([random.random(400) < error, random.random(400) < error + 0.3]).astype(float)
        delays.append(next(at for at in alarms(PageHinkley(), series) if at >= 400) - 400)
    assert 15 <= np.median(delays) <= 80


def test_a_threshold_that_is_too_low_raises_false_alarms() -> None:
    """So the measurement above can fail."""
    random = np.random.default_rng(5)
    hasty = [len(alarms(PageHinkley(threshold=4.0), (random.random(1500) < 0.5).astype(float))) for _ in range(4)]
    assert sum(hasty) > 6


def test_page_hinkley_keeps_what_came_after_the_change() -> None:
    random = np.random.default_rng(6)
    detector = PageHinkley()
    series = np.concatenate([random.random(400) < 0.05, random.random(200) < 0.6]).astype(float)
    (at,) = alarms(detector, series[:480])
    assert abs(detector.count - 80) <= 20
    assert detector.mean > 0.4, "of all 400 it would be 0.15"
    assert alarms(detector, series[480:]) == []
    assert at >= 400


@pytest.mark.parametrize("make", [Adwin, PageHinkley])
def test_a_restored_detector_goes_on_as_the_one_it_was_taken_from(make: type[Adwin | PageHinkley]) -> None:
    random = np.random.default_rng(3)
    series = np.concatenate([random.random(150) < 0.1, random.random(150) < 0.8]).astype(float)
    one, other = make(), make()
    alarms(one, series[:140])
    other.restore(*one.state())
    assert alarms(one, series[140:]) == alarms(other, series[140:]) != []


@pytest.mark.parametrize("wrong", [{"delta": 0}, {"delta": 1}, {"clock": 0}, {"span": 0}])
def test_wrong_parameters_of_adwin_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(DataError, match="ADWIN"):
        Adwin(**wrong)


@pytest.mark.parametrize("wrong", [{"threshold": 0}, {"tolerance": -1}, {"least": 0}])
def test_wrong_parameters_of_page_hinkley_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(DataError, match="Page-Hinkley"):
        PageHinkley(**wrong)


def embeddings(count: int, random: np.random.Generator, *, turned: bool = False) -> tuple[np.ndarray, np.ndarray]:
    labels = random.integers(0, 3, count)
    real = 3 * np.eye(3, FEATURES)[labels] + 0.5 * random.normal(size=(count, FEATURES))
    return (np.roll(real, 4, axis=1) if turned else real).astype(np.float32), labels


def statistics() -> TrainingStatistics:
    return TrainingStatistics.of(*embeddings(600, np.random.default_rng(9)), classes=3)


def test_the_distance_is_about_nothing_in_training_and_large_elsewhere() -> None:
    distance = EmbeddingDistance(statistics())
    random = np.random.default_rng(4)
    near = np.mean([distance(row) for row in embeddings(300, random)[0]])
    far = np.mean([distance(row) for row in embeddings(300, random, turned=True)[0]])
    assert abs(near) < 0.3
    assert far > near + 1.5


@pytest.mark.parametrize("seed", range(4))
def test_the_way_out_and_the_way_home_are_noticed_without_a_label(seed: int) -> None:
    random = np.random.default_rng(seed)
    watch = ShiftWatch(statistics())
    parts = [embeddings(200, random)[0], embeddings(150, random, turned=True)[0], embeddings(150, random)[0]]
    events = [watch.add(row, number) for number, row in enumerate(np.concatenate(parts))]
    found = [event for event in events if event is not None]
    assert [event.home for event in found] == [False, True]
    assert [abs(event.since - at) <= 8 for event, at in zip(found, (200, 350), strict=True)] == [True, True]
    assert all(event.at - event.since <= 40 for event in found)


def test_a_steady_world_shifts_nowhere() -> None:
    random = np.random.default_rng(7)
    for _ in range(4):
        watch = ShiftWatch(statistics())
        assert not any(watch.add(row, number) for number, row in enumerate(embeddings(600, random)[0]))


def test_training_statistics_come_back_as_they_were_and_wrong_ones_are_refused() -> None:
    known = statistics()
    restored = TrainingStatistics.from_bytes(known.to_bytes())
    assert restored.means.tobytes() == known.means.tobytes()
    np.testing.assert_allclose(known.covariance, 0.25 * np.eye(FEATURES), atol=0.08)
    with pytest.raises(DataError, match=r"\[c\], \[c, f\] and \[f, f\]"):
        TrainingStatistics(known.counts, known.means, known.covariance[:3])
    with pytest.raises(DataError, match="one above 0"):
        TrainingStatistics(0 * known.counts, known.means, known.covariance)
