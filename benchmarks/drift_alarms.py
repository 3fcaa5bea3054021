"""How often the detectors of change raise a false alarm, and how long they take to notice a true one.

Prints one flat JSON object. Errors are independent, with a stated share of them; embeddings are of eight classes in 64
dimensions around their means, a part of them as in training and a part moved. A stream has 1,500 labels, or embeddings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count

import numpy as np
import numpy.typing as npt

from edge_runtime.learning import Adwin, AdwinOptions, PageHinkley, PageHinkleyOptions, TrainingStatistics
from edge_runtime.learning.shift import ShiftWatch

STREAMS, LENGTH = 100, 1500
CHANGES, BEFORE, AFTER = 40, 400, 400
FEATURES, CLASSES = 64, 8

Detector = Adwin | PageHinkley
Values = npt.NDArray[np.float64]


def main() -> None:
    """Measure, and print."""
    random = np.random.default_rng(0)
    figures: dict[str, float] = {"streams": STREAMS, "labels_each": LENGTH}
    for name, make in {"adwin": lambda: Adwin(delta=AdwinOptions.delta), "page_hinkley": _page_hinkley}.items():
        for error in (0.05, 0.2, 0.5):
            streams = (random.random((STREAMS, LENGTH)) < error).astype(float)
            alarms = sum(len(list(_alarms(make(), stream))) for stream in streams)
            figures[f"{name}_false_per_10000_at_{round(100 * error)}"] = round(1e4 * alarms / streams.size, 3)
        for before, after in ((0.05, 0.35), (0.2, 0.5), (0.1, 0.7)):
            figures[f"{name}_delay_from_{before}_to_{after}"] = float(np.median(_delays(make, before, after, random)))
    print(json.dumps({**figures, **_embeddings(random)}))


def _page_hinkley() -> Detector:
    numbers = PageHinkleyOptions()
    return PageHinkley(threshold=numbers.threshold, tolerance=numbers.tolerance, least=numbers.least)


def _alarms(detector: Detector, values: Values) -> Iterator[int]:
    return (at for at, value in enumerate(values.tolist()) if detector.add(value))


def _delays(make: Callable[[], Detector], before: float, after: float, random: np.random.Generator) -> list[int]:
    """Return after how many labels each change was noticed; `AFTER` where it was not."""
    chances = np.repeat([before, after], [BEFORE, AFTER])
    streams = (random.random((CHANGES, BEFORE + AFTER)) < chances).astype(float)
    found = [[at - BEFORE for at in _alarms(make(), stream) if at >= BEFORE] for stream in streams]
    return [delays[0] if delays else AFTER for delays in found]


def _embeddings(random: np.random.Generator) -> dict[str, float]:
    means = random.normal(size=(CLASSES, FEATURES))

    def draw(size: int, moved: float = 0.0) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        labels = random.integers(0, CLASSES, size)
        return (means[labels] + random.normal(size=(size, FEATURES)) + moved).astype(np.float32), labels

    statistics = TrainingStatistics.of(*draw(2000), classes=CLASSES)
    numbers = count()
    false = 0
    for _ in range(STREAMS):
        watch = ShiftWatch(statistics)
        false += sum(watch.add(row, next(numbers)) is not None for row in draw(LENGTH)[0])
    delays = []
    for _ in range(CHANGES):
        watch = ShiftWatch(statistics)
        rows = np.concatenate([draw(BEFORE)[0], draw(AFTER, moved=1.0)[0]])
        found = [at - BEFORE for at, row in enumerate(rows) if watch.add(row, at) is not None and at >= BEFORE]
        delays.append(found[0] if found else AFTER)
    return {
        "embeddings_false_per_10000": round(1e4 * false / (STREAMS * LENGTH), 3),
        "embeddings_delay_of_one_deviation": float(np.median(delays)),
    }


if __name__ == "__main__":
    main()
