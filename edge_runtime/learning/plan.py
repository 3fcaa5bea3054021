"""What a learner is made of, said before the network is there: heads by name, and all its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from edge_runtime.learning.base import Head
from edge_runtime.learning.challengers import DEFAULTS, Challenger, challengers_named
from edge_runtime.learning.gate import GateOptions
from edge_runtime.learning.learner import Learner
from edge_runtime.learning.options import LearnerOptions
from edge_runtime.learning.statistics import TrainingStatistics
from edge_runtime.learning.trust import TrustOptions

__all__ = ["LearningPlan"]


@dataclass(frozen=True)
class LearningPlan:
    """A learner to be made.

    Parameters
    ----------
    challengers
        Which heads learn, by name.
    options, gate, trust
        The learner's numbers.
    """

    challengers: Mapping[str, Challenger] = field(default_factory=lambda: challengers_named(DEFAULTS))
    options: LearnerOptions = field(default_factory=LearnerOptions)
    gate: GateOptions = field(default_factory=GateOptions)
    trust: TrustOptions = field(default_factory=TrustOptions)

    def reserving(self, classes: int) -> LearningPlan:
        """Return the same with so many of the head's last rows that are no classes yet."""
        return replace(self, options=replace(self.options, reserved_classes=classes))

    def make(
        self,
        weights: npt.NDArray[np.float32],
        bias: npt.NDArray[np.float32],
        *,
        scale: float,
        zero_point: int,
        statistics: TrainingStatistics | None = None,
        beside: Mapping[str, Head] | None = None,
    ) -> Learner:
        """Return a new learner.

        Parameters
        ----------
        weights, bias, scale, zero_point, statistics
            As `Learner` takes them.
        beside
            Heads that take part beside the challengers.

        Raises
        ------
        DataError
            If a number is outside its range, or sizes do not go together.
        """
        heads = {name: challenger.make(weights, bias, statistics) for name, challenger in self.challengers.items()}
        return Learner(
            weights,
            bias,
            scale=scale,
            zero_point=zero_point,
            challengers={**heads, **(beside or {})},
            restarting=[name for name, challenger in self.challengers.items() if challenger.restarts],
            statistics=statistics,
            options=self.options,
            gate=self.gate,
            trust=self.trust,
        )
