"""Five public data sets as labelled sensor streams, none of them downloaded: they lie inside Python packages.

Each is a set of cases, float32[cases, length, channels]; what is no time series has a length of 1. A draw from a stream
is a case with fresh noise (and, where cases are long, a window at a fresh place), so that a short data set can be
looped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ToolError
from edge_runtime.sources.ts_file import TsCases, aeon_data_file, read_ts

__all__ = ["STREAMS", "Stream"]

Cases = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

NOISE = 0.1
"""Standard deviation of a draw's noise, in standard deviations of its channel."""


@dataclass(frozen=True)
class Stream:
    """A data set as a stream.

    Parameters
    ----------
    name
        What it is called.
    cases, labels
        float32[cases, length, channels], int64[cases].
    window
        How many samples of a case a draw has.
    featurize
        float32[n, window, channels] to float32[n, features].
    turn
        What "axis swap or rotation" means here: a random generator to a map of cases.
    """

    name: str
    cases: Cases
    labels: Labels
    window: int
    featurize: Callable[[Cases], Cases]
    turn: Callable[[np.random.Generator], Callable[[Cases], Cases]]

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.labels.max()) + 1

    @property
    def channels(self) -> int:
        """How many channels a case has."""
        return int(self.cases.shape[2])

    def deal(self, random: np.random.Generator) -> tuple[Labels, Labels, Labels]:
        """Deal the cases, class by class: 40 % to train the network, 30 % to stream, 30 % to test on."""
        hands: tuple[list[Labels], list[Labels], list[Labels]] = ([], [], [])
        for label in range(self.classes):
            of_class = random.permutation(np.flatnonzero(self.labels == label))
            cuts = np.rint(np.array([0.4, 0.7]) * len(of_class)).astype(int)
            for hand, part in zip(hands, np.split(of_class, cuts), strict=True):
                hand.append(part)
        first, second, third = (np.concatenate(hand) for hand in hands)
        return first, second, third

    def draw(
        self, hand: Labels, count: int, random: np.random.Generator, *, without: int | None = None
    ) -> tuple[Cases, Labels]:
        """Draw windows from a hand, all classes equally often but `without` never; return them with their labels."""
        classes = np.array([label for label in range(self.classes) if label != without])
        labels = random.choice(classes, count)
        picks = np.empty(count, np.int64)
        for label in classes:
            here = labels == label
            picks[here] = random.choice(hand[self.labels[hand] == label], int(here.sum()))
        starts = random.integers(0, self.cases.shape[1] - self.window + 1, count)
        windows = self.cases[picks[:, None], starts[:, None] + np.arange(self.window)]
        noise = NOISE * self.deviation * random.normal(size=windows.shape)
        return (windows + noise).astype(np.float32), labels.astype(np.int64)

    @property
    def deviation(self) -> npt.NDArray[np.float64]:
        """Standard deviation of each channel."""
        return np.asarray(self.cases.std(axis=(0, 1), dtype=np.float64))


def _axes_turned(random: np.random.Generator) -> Callable[[Cases], Cases]:
    """Turn a watch by quarter turns, so that z comes to lie on another axis; both of its sensors turn alike."""
    order = np.array([[1, 2, 0], [2, 0, 1], [0, 2, 1], [2, 1, 0]][random.integers(4)])
    signs = random.choice([-1, 1], 3)
    if np.linalg.det(np.eye(3)[order] * signs[:, None]) < 0:
        signs[0] *= -1
    return lambda x: np.concatenate([x[..., order] * signs, x[..., 3 + order] * signs], axis=-1).astype(np.float32)


def _image_turned(random: np.random.Generator) -> Callable[[Cases], Cases]:
    """Turn an image, whose rows are the channels' samples, by a quarter turn to one side or the other."""
    quarters = int(random.choice([1, 3]))
    return lambda x: np.ascontiguousarray(np.rot90(x.reshape(len(x), 8, 8), quarters, axes=(1, 2)).reshape(x.shape))


def _channels_swapped(random: np.random.Generator) -> Callable[[Cases], Cases]:
    """Let no channel come where it was: a mix-up of cables."""

    def swap(cases: Cases) -> Cases:
        channels = cases.shape[-1]
        order = np.roll(np.arange(channels), int(np.random.default_rng(seed).integers(1, channels)))
        return np.ascontiguousarray(cases[..., order])

    seed = int(random.integers(2**31))
    return swap


def _summary(cases: Cases) -> Cases:
    """Mean, deviation, extremes and mean step of each channel."""
    steps = np.abs(np.diff(cases, axis=1)).mean(axis=1)
    parts = [cases.mean(axis=1), cases.std(axis=1), cases.min(axis=1), cases.max(axis=1), steps]
    return np.concatenate(parts, axis=1)


def _thirds(cases: Cases) -> Cases:
    """Mean of each channel over three thirds of the case, and its deviation."""
    thirds = [part.mean(axis=1) for part in np.array_split(cases, 3, axis=1)]
    return np.concatenate([*thirds, cases.std(axis=1)], axis=1)


def _flat(cases: Cases) -> Cases:
    return cases.reshape(len(cases), -1)


def _ts(problem: str, file: str | None = None) -> TsCases:
    both = []
    for split in ("TRAIN", "TEST"):
        path = aeon_data_file(problem, split)
        both.append(read_ts(path.with_name(f"{file or problem}_{split}.ts")))
    train, test = both
    return TsCases(np.concatenate([train.cases, test.cases]), train.labels + test.labels, train.class_names)


def _basic_motions() -> Stream:
    found = _ts("BasicMotions")
    return Stream("BasicMotions", found.cases, _numbered(found.labels), 40, _summary, _axes_turned)


def _japanese_vowels() -> Stream:
    found = _ts("JapaneseVowels", "JapaneseVowels_eq")
    return Stream("JapaneseVowels", found.cases, _numbered(found.labels), 25, _thirds, _channels_swapped)


def _digits() -> Stream:
    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415 - a peer
    except ImportError:
        raise _missing("scikit-learn") from None
    digits = load_digits()
    # A row of the image is a channel's reading, as a line sensor would give it.
    images = digits.images.astype(np.float32).reshape(-1, 1, 64)
    return Stream("digits", images, digits.target.astype(np.int64), 1, _flat, _image_turned)


def _image_segments() -> Stream:
    try:
        from river.datasets import ImageSegments  # noqa: PLC0415 - a peer
    except ImportError:
        raise _missing("river") from None
    rows = [(list(x.values()), y) for x, y in ImageSegments()]
    cases = np.array([values for values, _ in rows], np.float32)[:, None, :]
    return Stream("ImageSegments", cases, _numbered([y for _, y in rows]), 1, _flat, _channels_swapped)


def _shuttle() -> Stream:
    """1,500 cases of each class; 1 is an anomaly."""
    try:
        from river.datasets import Shuttle  # noqa: PLC0415 - a peer
    except ImportError:
        raise _missing("river 0.26") from None
    rows = [(list(x.values()), int(y)) for x, y in Shuttle()]
    labels = np.array([y for _, y in rows], np.int64)
    random = np.random.default_rng(0)
    kept = np.concatenate([random.permutation(np.flatnonzero(labels == label))[:1500] for label in (0, 1)])
    cases = np.array([values for values, _ in rows], np.float32)[kept, None, :]
    # Single readings lie thousands of deviations out; a sensor's range would have clipped them.
    low, high = np.percentile(cases, [1, 99], axis=(0, 1))
    return Stream("Shuttle", np.clip(cases, low, high).astype(np.float32), labels[kept], 1, _flat, _channels_swapped)


def _numbered(labels: tuple[str, ...] | list[str]) -> Labels:
    names = sorted(set(labels))
    return np.array([names.index(label) for label in labels], np.int64)


def _missing(package: str) -> ToolError:
    return ToolError(f"the learning benchmark needs {package}: run `make bench-learning`, or install the extra 'peers'")


@cache
def load_stream(name: str) -> Stream:
    """Read a data set.

    Raises
    ------
    ToolError
        If the package that it lies in is not installed.
    """
    return STREAMS[name]()


STREAMS: dict[str, Callable[[], Stream]] = {
    "BasicMotions": _basic_motions,
    "JapaneseVowels": _japanese_vowels,
    "digits": _digits,
    "ImageSegments": _image_segments,
    "Shuttle": _shuttle,
}
