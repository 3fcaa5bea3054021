"""How challengers stand against the head that serves: by what they answered at once, and by what they know now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.learning.evidence import Evidence
from edge_runtime.learning.state import Arrays, State, refill

__all__ = ["Ballot", "Standing"]

Bools = npt.NDArray[np.bool_]

_KEPT = 256


@dataclass(frozen=True)
class Ballot:
    """What a label says of the candidates.

    Parameters
    ----------
    prediction
        The prediction that it is about.
    served
        Whether what was really served was the label.
    hits
        bool[candidates]: whether each would have predicted it, as it was at the time of the prediction.
    prompt
        bool[candidates]: whether each predicts it as it was some labels ago; None: nobody knows.
    present
        bool[candidates]: which of them had begun when the prediction was made; None: all.
    """

    prediction: int
    served: bool
    hits: Bools
    prompt: Bools | None = None
    present: Bools | None = None


class Standing:
    """Evidence of two kinds, and a memory of recent labels, to count again when it turns out that the world changed.

    Judged by their answers at the time of the predictions, candidates show what they would have done in service; but
    where labels come late, what a head has learnt from the first labels of a new world shows only on predictions that
    came after them, and thus a whole delay later. Prompt evidence is there at once: each label is held against weights
    that had not yet learnt it, nor the few labels before it. Only heads that keep all that they learn are judged so:
    one that knows just the last few windows would look good on their neighbours, which is no use a delay later.

    Parameters
    ----------
    prompt
        bool[candidates]: for which of them prompt evidence counts.
    """

    def __init__(self, prompt: Bools) -> None:
        count = len(prompt)
        self._counts_prompt = prompt
        self._at_once, self._prompt = Evidence(count), Evidence(count)
        self._predictions = np.full(_KEPT, -1, np.int64)
        self._ballots = np.zeros((4, _KEPT, count), np.bool_)  # hits, prompt, present, served (in all columns)
        self._labels = 0

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """Evidence, float64[candidates]: where both kinds count their mean, which keeps the promise of each."""
        at_once = self._at_once.values
        return np.where(self._counts_prompt, (at_once + self._prompt.values) / 2, at_once)

    def record(self, challenger: int) -> tuple[int, int]:
        """Return the labels that only the challenger met, and those that only what served met: of the stronger kind."""
        prompt = self._prompt.values[challenger] > self._at_once.values[challenger]
        evidence = self._prompt if prompt else self._at_once
        return evidence.wins(challenger), evidence.losses(challenger)

    def add(self, ballot: Ballot) -> None:
        """Take in a label."""
        everyone = np.ones(len(self._counts_prompt), np.bool_)
        at = self._labels % _KEPT
        self._predictions[at] = ballot.prediction
        self._ballots[0, at] = ballot.hits
        self._ballots[1, at] = ballot.served if ballot.prompt is None else ballot.prompt
        self._ballots[2, at] = everyone if ballot.present is None else ballot.present
        self._ballots[3, at] = ballot.served
        self._labels += 1
        self._count(at)

    def reset(self) -> None:
        """Forget everything, as when another head begins to serve."""
        self._predictions[:] = -1
        self._at_once.reset()
        self._prompt.reset()

    def begin_anew(self, which: npt.NDArray[np.int64]) -> None:
        """Forget what is known of candidates that begin anew."""
        self._ballots[2, :, which] = False
        self._ballots[1, :, which] = self._ballots[3, :, which]
        self._at_once.reset(which)
        self._prompt.reset(which)

    def count_since(self, prediction: int) -> None:
        """Count again, only the labels of predictions from this one on: those before it are of another world."""
        self._at_once.reset()
        self._prompt.reset()
        for label in range(max(0, self._labels - _KEPT), self._labels):
            if self._predictions[label % _KEPT] >= prediction:
                self._count(label % _KEPT)

    def _count(self, at: int) -> None:
        hits, prompt, present, served = self._ballots[:, at]
        self._at_once.add(hits, serving=bool(served[0]), present=present)
        self._prompt.add(prompt, serving=bool(served[0]))

    def state(self) -> State:
        """Return numbers for JSON, and arrays."""
        evidence = {"at_once": self._at_once.state(), "prompt": self._prompt.state()}
        return {"labels": self._labels}, {**evidence, "predictions": self._predictions, "ballots": self._ballots}

    def restore(self, numbers: Mapping[str, Any], arrays: Arrays) -> None:
        """Go on where `state` was taken; ValueError where it is of other candidates."""
        refill({"predictions": self._predictions, "ballots": self._ballots}, arrays)
        self._labels = int(numbers["labels"])
        self._at_once.restore(arrays["at_once"])
        self._prompt.restore(arrays["prompt"])
