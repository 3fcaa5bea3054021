"""The demo's story: activities on a wrist, the watch is turned half-way, labels come late.

The cases of BasicMotions' TEST file, which no training has seen, are dealt out anew for each seed, so many of
each class to each of three hands:

- *evaluation* cases, streamed clean before the turn and turned after the learning; nobody ever labels them,
  and accuracy is counted on them alone;
- cases labelled before the turn, streamed clean;
- cases labelled after the turn, streamed turned.

Each labelled case is streamed once. The stream is: evaluation and labelled cases in random order, all clean; then the
turn; then the labelled cases, from which there is something to learn, in rounds through all activities, in random order
within each round; then the evaluation cases again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.sources.ts_file import TsCases, aeon_data_file, read_ts
from edge_runtime.stream.recording import Recording, concatenate_cases

__all__ = ["CHANNELS", "RATE_HZ", "Role", "Scenario", "ScenarioPlan", "Slot", "build_scenario", "turn_samples"]

CHANNELS = ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")
"""The columns of BasicMotions, as its documentation orders them."""

RATE_HZ = 10.0

Matrix = tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]

TURN: Matrix = ((1, 0, 0), (0, 0, 1), (0, -1, 0))
"""A quarter turn about x: y shows what z did, and z what y did with its sign flipped."""


class Role(str, Enum):
    """What a case is there for."""

    EVALUATION = "evaluation"  #: accuracy is counted on it; it is never labelled
    LABELLED = "labelled"  #: its labels come, late


@dataclass(frozen=True)
class ScenarioPlan:
    """How the cases are dealt, and what happens to the watch.

    Parameters
    ----------
    evaluation_per_class, labelled_before_per_class, labelled_after_per_class
        Cases of each class in each hand.
    label_delay
        How many windows after its own prediction a window's label comes.
    turn
        New axes of the watch in terms of the old, the same for accelerometer and gyroscope: a rotation (determinant
        +1), so that it can really be done.

    Raises
    ------
    DataError
        If `turn` is no rotation, or a number is negative.
    """

    evaluation_per_class: int = 4
    labelled_before_per_class: int = 3
    labelled_after_per_class: int = 3
    label_delay: int = 20
    turn: Matrix = TURN

    def __post_init__(self) -> None:
        matrix = np.array(self.turn)
        if not np.array_equal(matrix @ matrix.T, np.eye(3)) or round(float(np.linalg.det(matrix))) != 1:
            raise DataError(f"the turn {self.turn} is no rotation: rows must be orthonormal, the determinant +1")
        if min(self.hands) < 0 or self.label_delay < 0:
            raise DataError(f"{self}: numbers of cases and the delay must not be negative")

    @property
    def hands(self) -> tuple[int, int, int]:
        """Cases of each class: evaluation, labelled before the turn, labelled after it."""
        return self.evaluation_per_class, self.labelled_before_per_class, self.labelled_after_per_class


@dataclass(frozen=True)
class Slot:
    """One case in the stream.

    Parameters
    ----------
    case
        Its number in the TEST file, from 0.
    label
        Its class, as an index into the scenario's `class_names`.
    role
        What it is there for.
    turned
        Whether the watch has been turned.
    start_ns, end_ns
        From its first sample up to, but not at, the next case's.
    """

    case: int
    label: int
    role: Role
    turned: bool
    start_ns: int
    end_ns: int


@dataclass(frozen=True)
class Scenario:
    """A stream with what is known about it.

    Parameters
    ----------
    seed
        What it was made from.
    recording
        The stream. Its spans are the labelled cases, and only those: what a device may learn is there, and what
        accuracy is counted on is not.
    class_names
        The classes, in the network's order.
    plan
        How it was made.
    slots
        The cases in the stream's order.
    turn_ns
        When the watch is turned: the first turned sample's time.
    """

    seed: int
    recording: Recording
    class_names: tuple[str, ...]
    plan: ScenarioPlan
    slots: tuple[Slot, ...] = field(repr=False)
    turn_ns: int

    def slot_of(self, start_ns: int, end_ns: int) -> Slot | None:
        """Return the case that a window lies wholly in; None where it touches two.

        Parameters
        ----------
        start_ns, end_ns
            Times of the window's first and last sample.
        """
        length = self.slots[0].end_ns - self.slots[0].start_ns
        at = (start_ns - self.slots[0].start_ns) // length
        if not 0 <= at < len(self.slots):
            return None
        return self.slots[at] if end_ns < self.slots[at].end_ns else None


def build_scenario(seed: int, plan: ScenarioPlan | None = None) -> Scenario:
    """Deal out the cases and lay the stream.

    Parameters
    ----------
    seed
        Decides which case goes where, and in which order they come.
    plan
        How many of what; None: the demo's.

    Raises
    ------
    DataError
        If there are not enough cases for the plan.
    ToolError
        If the data are not installed.
    """
    plan = plan or ScenarioPlan()
    cases = read_ts(aeon_data_file("BasicMotions", "TEST"))
    labels = np.array([cases.class_names.index(label) for label in cases.labels])
    random = np.random.default_rng(seed)
    evaluation, before, after = _deal(labels, plan.hands, random)
    clean = random.permutation(np.concatenate([evaluation, before]))
    turned = np.concatenate([_in_rounds(after, labels, random), random.permutation(evaluation)])
    recording = _lay(cases, clean, turned, plan.turn)
    slots = _slots(recording, labels, np.concatenate([clean, turned]), set(evaluation.tolist()), len(clean))
    known = tuple(span for span, slot in zip(recording.spans, slots, strict=True) if slot.role is Role.LABELLED)
    return Scenario(seed, replace(recording, spans=known), cases.class_names, plan, slots, slots[len(clean)].start_ns)


def turn_samples(samples: npt.NDArray[np.float32], turn: Matrix) -> npt.NDArray[np.float32]:
    """Return what the sensors of the turned watch measure: float32[..., 6], accelerometer and gyroscope alike."""
    matrix = np.array(turn, np.float32)
    triples = samples.reshape(*samples.shape[:-1], 2, 3)
    return np.ascontiguousarray((triples @ matrix.T).reshape(samples.shape), np.float32)


def _deal(
    labels: npt.NDArray[np.int64], hands: tuple[int, int, int], random: np.random.Generator
) -> list[npt.NDArray[np.int64]]:
    """Return the cases of each hand, so many of each class."""
    dealt: list[list[npt.NDArray[np.int64]]] = [[], [], []]
    for label in np.unique(labels):
        of_class = random.permutation(np.flatnonzero(labels == label))
        if len(of_class) < sum(hands):
            raise DataError(f"the scenario needs {sum(hands)} cases of each class: class {label} has {len(of_class)}")
        for hand, part in zip(dealt, np.split(of_class, np.cumsum(hands))[:3], strict=True):
            hand.append(part)
    return [np.concatenate(hand) for hand in dealt]


def _in_rounds(
    cases: npt.NDArray[np.int64], labels: npt.NDArray[np.int64], random: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Put cases in rounds: one of each class in random order, and again."""
    of_class = [random.permutation(cases[labels[cases] == label]) for label in np.unique(labels[cases])]
    rounds = zip(*of_class, strict=True)
    return np.concatenate([random.permutation(np.array(one_round)) for one_round in rounds])


def _lay(cases: TsCases, clean: npt.NDArray[np.int64], turned: npt.NDArray[np.int64], turn: Matrix) -> Recording:
    samples = np.concatenate([cases.cases[clean], turn_samples(cases.cases[turned], turn)])
    names = [cases.labels[case] for case in [*clean, *turned]]
    return concatenate_cases(samples, names, channels=CHANNELS, rate_hz=RATE_HZ)


def _slots(
    recording: Recording,
    labels: npt.NDArray[np.int64],
    order: npt.NDArray[np.int64],
    evaluation: set[int],
    turn: int,
) -> tuple[Slot, ...]:
    return tuple(
        Slot(
            case=case,
            label=int(labels[case]),
            role=Role.EVALUATION if case in evaluation else Role.LABELLED,
            turned=position >= turn,
            start_ns=span.start_ns,
            end_ns=span.end_ns,
        )
        for position, (case, span) in enumerate(zip(order.tolist(), recording.spans, strict=True))
    )
