"""A learner's whole state as bytes, and back: what a checkpoint holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from edge_runtime.errors import DataError, StateError
from edge_runtime.learning.contest import Contest
from edge_runtime.learning.learner import Learner
from edge_runtime.learning.state import Arrays, State, pack, refill, unpack

__all__ = ["fingerprint_of", "learner_to_bytes", "restore_learner"]

_KIND = "learner"
_COUNTS = ("known_classes", "since", "change", "changes", "stale")


class _Stateful(Protocol):
    def state(self) -> State: ...

    def restore(self, numbers: Mapping[str, Any], arrays: Arrays) -> None: ...


class _Own:
    """What a contest keeps itself."""

    def __init__(self, contest: Contest) -> None:
        self._contest = contest

    def state(self) -> State:
        contest = self._contest
        weights, bias = contest.served
        numbers: dict[str, Any] = {name: getattr(contest, name) for name in _COUNTS}
        return {**numbers, "added": contest.added}, {
            "weights": weights,
            "bias": bias,
            "labels_of_class": contest.labels_of_class,
        }

    def restore(self, numbers: Mapping[str, Any], arrays: Arrays) -> None:
        contest = self._contest
        served = np.empty_like(contest.served[0]), np.empty_like(contest.served[1])
        refill({"weights": served[0], "bias": served[1], "labels_of_class": contest.labels_of_class}, arrays)
        for name in _COUNTS:
            setattr(contest, name, int(numbers[name]))
        contest.added = [str(name) for name in numbers["added"]]
        contest.serve(served)


def fingerprint_of(learner: Learner) -> str:
    """Return what tells one learner's states from another's: network, heads and numbers, as SHA-256 in hexadecimal.

    Take it of a new learner, before it has learnt anything.
    """
    contest = learner.contest
    digest = hashlib.sha256()
    for name, candidate in contest.candidates.items():
        digest.update(name.encode() + candidate.head.to_bytes() + bytes([candidate.restarts]))
    digest.update(repr((contest.scale, contest.zero_point, learner.options, contest.gate.options)).encode())
    digest.update(repr((contest.trust.options, learner.watch is not None)).encode())
    return digest.hexdigest()


def learner_to_bytes(learner: Learner, *, fingerprint: str, sequence: int) -> bytes:
    """Return a learner's state.

    Parameters
    ----------
    learner
        Whose.
    fingerprint
        What it was when it was new.
    sequence
        How many events it has taken.
    """
    numbers: dict[str, Any] = {"fingerprint": fingerprint, "sequence": sequence}
    arrays: Arrays = {}
    for name, part in _parts(learner):
        numbers[name], own = part.state()
        arrays |= {f"{name}/{key}": array for key, array in own.items()}
    return pack(_KIND, numbers, arrays)


def restore_learner(learner: Learner, data: bytes, *, fingerprint: str) -> int:
    """Bring a new learner to a saved state; return how many events that one had taken.

    Raises
    ------
    StateError
        If the state is damaged, of another kind, or of a learner with another network, other heads or numbers.
    """
    kind, numbers, arrays = unpack(data)
    if kind != _KIND:
        raise StateError(f"the state is of kind '{kind}', not '{_KIND}'")
    if numbers.get("fingerprint") != fingerprint:
        raise StateError(
            f"the saved learner is {str(numbers.get('fingerprint'))[:16]}, this one {fingerprint[:16]}: "
            "the state belongs to another network, or to other settings; move its folder away to begin anew"
        )
    try:
        for name, part in _parts(learner):
            own = {key[len(name) + 1 :]: array for key, array in arrays.items() if key.startswith(f"{name}/")}
            part.restore(numbers[name], own)
        return int(numbers["sequence"])
    except (KeyError, TypeError, ValueError, DataError) as error:
        raise StateError(f"the saved learner is incomplete or inconsistent: {error}") from error


def _parts(learner: Learner) -> Iterator[tuple[str, _Stateful]]:
    contest = learner.contest
    for name, candidate in contest.candidates.items():
        yield f"candidate {name}", candidate
    for name, detector in contest.errors.items():
        yield f"errors {name}", detector
    yield "gate", contest.gate
    yield "trust", contest.trust
    yield "novelty", contest.novelty
    yield "evaluation", contest.evaluation
    yield "scores", contest.scores
    yield "held out", contest.held_out
    yield "labelled", contest.labelled
    yield "memory", learner.memory
    if learner.watch is not None:
        yield "watch", learner.watch
    # Last: it puts the candidates' weights together.
    yield "contest", _Own(contest)
