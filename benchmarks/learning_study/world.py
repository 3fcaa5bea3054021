"""One stream with one drift: clean, drifted, clean again; and test sets of both worlds, never learnt from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from learning_study.body import Body, train_body
from learning_study.drifts import NEW_CLASS, make_drift
from learning_study.streams import Labels, Stream

__all__ = ["CLEAN", "DRIFTED", "EVERY", "RETURNED", "STEPS", "World", "build_world"]

CLEAN, DRIFTED, RETURNED = 200, 700, 500
"""How many predictions each phase has."""
STEPS = CLEAN + DRIFTED + RETURNED
EVERY = 50
"""Accuracy is taken on the test sets after every so many predictions."""
TEST = 500


@dataclass(frozen=True)
class World:
    """What a device lives through.

    Parameters
    ----------
    body
        The network.
    embeddings, labels
        int8[steps, 64] and int64[steps]: the stream, with true labels.
    clean, drifted
        Embeddings and labels of the test sets.
    new_class
        Whether the last class is one that comes with the drift.
    """

    body: Body
    embeddings: npt.NDArray[np.int8]
    labels: Labels
    clean: tuple[npt.NDArray[np.int8], Labels]
    drifted: tuple[npt.NDArray[np.int8], Labels]
    new_class: bool

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return self.body.stream.classes

    def test(self, step: int) -> tuple[npt.NDArray[np.int8], Labels]:
        """Return the test set of the world as it is after so many predictions."""
        return self.drifted if CLEAN < step <= CLEAN + DRIFTED else self.clean

    def noisy_labels(self, noise: float, random: np.random.Generator) -> Labels:
        """Return the labels as they are told: a share of them is drawn at random among the other known classes."""
        told = self.labels.copy()
        wrong = random.random(len(told)) < noise
        known = np.full(len(told), self.classes)
        if self.new_class:
            known -= 1
            known[CLEAN : CLEAN + DRIFTED] += 1
        shift = 1 + (random.random(len(told)) * (known - 1)).astype(np.int64)
        told[wrong] = ((told + shift) % np.maximum(known, told + 1))[wrong]
        return told


def build_world(stream: Stream, drift: str, seed: int) -> World:
    """Deal the cases, train the network, and lay the stream."""
    random = np.random.default_rng([seed, 1])
    to_train, to_stream, to_test = stream.deal(random)
    body = train_body(stream, to_train, random, drift=drift)
    drifts = make_drift(drift, stream, random)
    new_class = drift == NEW_CLASS
    without = stream.classes - 1 if new_class else None
    parts = [
        stream.draw(to_stream, CLEAN, random, without=without),
        stream.draw(to_stream, DRIFTED, random),
        stream.draw(to_stream, RETURNED, random, without=without),
    ]
    cases = [part[0] for part in parts]
    cases[1] = drifts(cases[1])
    clean, clean_labels = stream.draw(to_test, TEST, random, without=without)
    drifted, drifted_labels = stream.draw(to_test, TEST, random)
    return World(
        body,
        np.concatenate([body.embed(part) for part in cases]),
        np.concatenate([part[1] for part in parts]),
        (body.embed(clean), clean_labels),
        (body.embed(drifts(drifted)), drifted_labels),
        new_class,
    )
