"""A head in play: what it has learnt, and the weights with which it would serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.learning.base import Head
from edge_runtime.learning.frozen import FrozenHead
from edge_runtime.learning.heads import head_from_bytes
from edge_runtime.learning.state import Arrays, State

__all__ = ["Candidate"]

Linear = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]

_SNAPSHOTS = ("weights", "bias", "older_weights", "older_bias")


class Candidate:
    """A head with the snapshot that it answers with.

    Heads learn from each label, but a head that serves is renewed only every few labels, as every time it has to be
    quantised and written to the accelerator. A candidate is judged as it would serve, so it answers with a snapshot,
    too.

    Parameters
    ----------
    head
        Learns; the candidate owns it from now on.
    restarts
        Whether it begins anew, as it is now, when the world changes.
    refresh_every
        Labels from one snapshot to the next; sooner while it has learnt little.

    Attributes
    ----------
    since
        The first prediction that may teach it.
    learnt
        Labels that it has learnt.
    linear
        The snapshot.
    older
        The one before it.
    """

    def __init__(self, head: Head, *, restarts: bool, refresh_every: int) -> None:
        self.head = head
        self.restarts = restarts
        self._first = head.to_bytes()
        self._refresh_every = refresh_every
        self.since = self.learnt = self._stale = 0
        self.linear: Linear = head.linear()
        self.older = self.linear

    def learn(self, embeddings: npt.NDArray[np.float32], labels: Sequence[int]) -> bool:
        """Learn labels; return whether the snapshot is another one now."""
        # Checked when they were joined; checking again for each head would take as long as learning.
        self.head._learn(embeddings, labels)
        self.learnt += len(labels)
        self._stale += len(labels)
        if not self._stale or self._stale < min(self._refresh_every, 1 + self.learnt // 8):
            return False
        self.renew()
        return True

    def renew(self) -> None:
        """Take a new snapshot."""
        self._stale = 0
        self.older, self.linear = self.linear, self.head.linear()

    def begin_anew(self, since: int) -> None:
        """Forget all that was learnt; from now on only predictions from `since` on teach it."""
        self.head = head_from_bytes(self._first, features=self.head.features, classes=self.head.classes)
        self.since, self.learnt, self._stale = since, 0, 0
        self.older = self.linear = self.head.linear()

    def give_way(self, head: Head, since: int) -> None:
        """Let another head take this one's place; only predictions from `since` on count for it."""
        self._first = head.to_bytes()
        self.begin_anew(since)

    def state(self) -> State:
        """Return numbers for JSON, and arrays: the head's own bytes and the snapshot."""
        numbers = {"since": self.since, "learnt": self.learnt, "stale": self._stale}
        arrays = dict(zip(_SNAPSHOTS, (*self.linear, *self.older), strict=True))
        return numbers, {"head": np.frombuffer(self.head.to_bytes(), np.int8), **arrays}

    def restore(self, numbers: Mapping[str, Any], arrays: Arrays) -> None:
        """Go on where `state` was taken; StateError or ValueError where it is of another candidate."""
        head = head_from_bytes(arrays["head"].tobytes(), features=self.head.features, classes=self.head.classes)
        if head.kind != self.head.kind:
            raise ValueError(f"a head of kind '{head.kind}' where '{self.head.kind}' learns")
        self.head = head
        if isinstance(head, FrozenHead):
            # It never learns, and so it began as it is: another head may have taken its place since.
            self._first = arrays["head"].tobytes()
        self.since, self.learnt, self._stale = (int(numbers[name]) for name in ("since", "learnt", "stale"))
        for name, own in zip(_SNAPSHOTS, (*self.linear, *self.older), strict=True):
            if arrays[name].shape != own.shape:
                raise ValueError(f"a snapshot's {name} of {list(arrays[name].shape)}")
        weights, bias, older_weights, older_bias = (arrays[name] for name in _SNAPSHOTS)
        self.linear, self.older = (weights, bias), (older_weights, older_bias)
