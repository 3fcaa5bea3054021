"""What a learner learns from, as plain data: the same events in the same order give the same heads, bit for bit.

An event carries all that its effect depends on, so that a log of events is enough to repeat a learner's life: a label
comes with the embedding that it is about and with what each candidate had answered when the prediction was made.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import StateError

__all__ = [
    "Command",
    "CommandEvent",
    "Event",
    "HeadEvent",
    "LabelEvent",
    "ReserveEvent",
    "ShiftEvent",
    "event_from_bytes",
    "event_to_bytes",
]


class Command(str, Enum):
    """What a person may ask of a learner."""

    PROMOTE = "promote"  #: a candidate serves from now on, whatever the evidence
    ROLL_BACK = "roll back"  #: the frozen head serves from now on
    SHADOW = "shadow"  #: a candidate begins anew, from nothing, and learns beside the one that serves
    HOLD = "hold"  #: whoever serves goes on serving until `RELEASE`; nothing is promoted, refreshed or rolled back
    RELEASE = "release"  #: ends `HOLD`
    ADD_CLASS = "add class"  #: the next reserved row becomes a class
    REFRESH = "refresh"  #: what serves goes on with all that it has learnt; the learner asks itself when labels pause


@dataclass(frozen=True)
class LabelEvent:
    """A label, joined to its prediction.

    Parameters
    ----------
    prediction
        The prediction's id.
    at
        The id that the next prediction will get: when, in predictions, the label came.
    label
        The class that it gives.
    predicted
        The class that was served.
    source
        Who gave it.
    delay_ns
        How long after its prediction it came.
    embedding
        int8[features].
    votes
        int16[candidates]: what each candidate would have served.
    odds
        float16[candidates, classes]: the probability that each gave to each class.
    """

    prediction: int
    at: int
    label: int
    predicted: int
    source: str
    delay_ns: int
    embedding: npt.NDArray[np.int8]
    votes: npt.NDArray[np.int16]
    odds: npt.NDArray[np.float16]


@dataclass(frozen=True)
class ShiftEvent:
    """Embeddings are not what they were.

    Parameters
    ----------
    at
        The id that the next prediction will get.
    since
        The first prediction of the new kind.
    home
        Whether they look again as they did when the device began.
    distance, before
        Mean distance from training now, and before the shift.
    """

    at: int
    since: int
    home: bool
    distance: float
    before: float


@dataclass(frozen=True)
class CommandEvent:
    """A person's command.

    Parameters
    ----------
    at
        The id that the next prediction will get.
    command
        What to do.
    candidate
        With whom, or the added class's name; empty where it concerns none.
    """

    at: int
    command: Command
    candidate: str = ""


@dataclass(frozen=True)
class HeadEvent:
    """A head that was trained elsewhere, to take part as `PUSHED`.

    Parameters
    ----------
    at
        The id that the next prediction will get.
    weights
        float32[classes, features].
    bias
        float32[classes].
    about
        What tells this head from others, in words.
    """

    at: int
    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    about: str


@dataclass(frozen=True)
class ReserveEvent:
    """Prediction ids below `next_id` may have been given out."""

    next_id: int


Event = LabelEvent | ShiftEvent | CommandEvent | ReserveEvent | HeadEvent

_LABEL = struct.Struct("<BqqiiqHHHH")
_SHIFT = struct.Struct("<Bqq?dd")
_COMMAND = struct.Struct("<BqBH")
_RESERVE = struct.Struct("<Bq")
_HEAD = struct.Struct("<BqHHH")
_COMMANDS = tuple(Command)


def event_to_bytes(event: Event) -> bytes:
    """Return an event as bytes, little-endian."""
    if isinstance(event, ShiftEvent):
        return _SHIFT.pack(2, event.at, event.since, event.home, event.distance, event.before)
    if isinstance(event, ReserveEvent):
        return _RESERVE.pack(4, event.next_id)
    if isinstance(event, CommandEvent):
        name = event.candidate.encode()
        return _COMMAND.pack(3, event.at, _COMMANDS.index(event.command), len(name)) + name
    if isinstance(event, HeadEvent):
        about = event.about.encode()
        head = _HEAD.pack(5, event.at, *event.weights.shape, len(about))
        return b"".join([head, about, event.weights.astype("<f4").tobytes(), event.bias.astype("<f4").tobytes()])
    source = event.source.encode()
    candidates, classes = event.odds.shape
    sizes = len(source), len(event.embedding), candidates, classes
    head = _LABEL.pack(1, event.prediction, event.at, event.label, event.predicted, event.delay_ns, *sizes)
    votes, odds = event.votes.astype("<i2").tobytes(), event.odds.astype("<f2").tobytes()
    return b"".join([head, source, event.embedding.tobytes(), votes, odds])


def event_from_bytes(data: bytes) -> Event:
    """Return the event that `event_to_bytes` wrote.

    Raises
    ------
    StateError
        If the bytes are no event.
    """
    try:
        return _READERS[data[0]](data)
    except (IndexError, KeyError, ValueError, struct.error) as error:
        raise StateError(f"{len(data)} bytes of a label log are no event: {error}") from error


def _read_label(data: bytes) -> LabelEvent:
    _, prediction, at, label, predicted, delay_ns, source, features, candidates, classes = _LABEL.unpack_from(data)
    ends = np.cumsum([_LABEL.size, source, features, 2 * candidates, 2 * candidates * classes]).tolist()
    if ends[-1] != len(data):
        raise ValueError(f"a label of {ends[-1]} bytes")
    name, embedding, votes, odds = (data[start:end] for start, end in pairwise(ends))
    return LabelEvent(
        prediction,
        at,
        label,
        predicted,
        name.decode(),
        delay_ns,
        np.frombuffer(embedding, np.int8),
        np.frombuffer(votes, "<i2").astype(np.int16),
        np.frombuffer(odds, "<f2").astype(np.float16).reshape(candidates, classes),
    )


def _read_shift(data: bytes) -> ShiftEvent:
    _, at, since, home, distance, before = _SHIFT.unpack(data)
    return ShiftEvent(at, since, home, distance, before)


def _read_command(data: bytes) -> CommandEvent:
    _, at, command, length = _COMMAND.unpack_from(data)
    name = data[_COMMAND.size :]
    if len(name) != length:
        raise ValueError("a command is cut off")
    return CommandEvent(at, _COMMANDS[command], name.decode())


def _read_head(data: bytes) -> HeadEvent:
    _, at, classes, features, length = _HEAD.unpack_from(data)
    start = _HEAD.size + length
    numbers = np.frombuffer(data[start:], "<f4").astype(np.float32)
    if len(numbers) != classes * (features + 1):
        raise ValueError(f"a head of {len(numbers)} numbers")
    weights = numbers[: classes * features].reshape(classes, features)
    return HeadEvent(at, weights, numbers[classes * features :], data[_HEAD.size : start].decode())


def _read_reserve(data: bytes) -> ReserveEvent:
    return ReserveEvent(_RESERVE.unpack(data)[1])


_READERS: dict[int, Callable[[bytes], Event]] = {
    1: _read_label,
    2: _read_shift,
    3: _read_command,
    4: _read_reserve,
    5: _read_head,
}
