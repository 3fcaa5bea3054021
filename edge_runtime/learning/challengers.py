"""Heads that may learn, by name: those that learn if nothing else is said, and all others there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.learning.base import Head
from edge_runtime.learning.ncm import NearestClassMean
from edge_runtime.learning.rls import RecursiveLeastSquares
from edge_runtime.learning.slda import StreamingLDA
from edge_runtime.learning.softmax import SoftmaxHead
from edge_runtime.learning.statistics import TrainingStatistics

__all__ = ["CHALLENGERS", "DEFAULTS", "Challenger", "challengers_named", "default_challengers"]

_MEMORY = 20
"""About how many labels of a class a forgetting variant remembers."""


@dataclass(frozen=True)
class Challenger:
    """A head that is to learn.

    Parameters
    ----------
    kind
        Which head: streaming LDA, recursive least squares, nearest class mean, or softmax regression.
    options
        The head's own parameters, as its class names them. For streaming LDA also ``training``: for how many labels of
        each class the training set's statistics count, where there are any; 0: it begins with nothing.
    restarts
        Whether it begins anew when the world changes.
    """

    kind: Literal["slda", "rls", "ncm", "softmax"]
    options: Mapping[str, Any] = field(default_factory=dict)
    restarts: bool = False

    def make(
        self, weights: npt.NDArray[np.float32], bias: npt.NDArray[np.float32], statistics: TrainingStatistics | None
    ) -> Head:
        """Return the head as it begins.

        Parameters
        ----------
        weights, bias
            The network's own last layer, float32[classes, features] and float32[classes].
        statistics
            The training set's; None: nobody knows them.

        Raises
        ------
        DataError
            If an option is outside its range.
        """
        classes, features = np.shape(weights)
        options = dict(self.options)
        if self.kind == "softmax":
            return SoftmaxHead(weights, bias, **options)
        if self.kind == "rls":
            return RecursiveLeastSquares(features, classes, **options)
        if self.kind == "ncm":
            return NearestClassMean(features, classes, **options)
        training = options.pop("training", 0)
        if statistics is not None and training:
            return StreamingLDA.of_training(statistics, weight=training, **options)
        return StreamingLDA(features, classes, **options)


CHALLENGERS: dict[str, Challenger] = {
    "slda": Challenger("slda", {"clip": 3.0, "training": 20}),
    "slda_recent": Challenger("slda", {"clip": 3.0}, restarts=True),
    "slda_forgetting": Challenger("slda", {"memory": _MEMORY, "clip": 3.0}),
    "softmax": Challenger("softmax"),
    "softmax_averaged": Challenger("softmax", {"averaged": True}),
    "rls": Challenger("rls"),
    "rls_recent": Challenger("rls", restarts=True),
    "rls_forgetting": Challenger("rls", {"memory": 100}),
    "ncm": Challenger("ncm"),
    "ncm_recent": Challenger("ncm", restarts=True),
    "ncm_forgetting": Challenger("ncm", {"memory": _MEMORY}),
}
"""Those with a name: of each kind one that keeps all that it learns, one that begins anew when the world changes, and
one that forgets; softmax regression forgets, but for the mean of its weights. A least-squares head's memory is over the
labels of all classes together."""

DEFAULTS = ("slda", "slda_recent", "slda_forgetting", "softmax")
"""The heads that learn if nothing else is said, the steadiest first."""


def challengers_named(names: Sequence[str]) -> dict[str, Challenger]:
    """Return challengers that have a name.

    Raises
    ------
    DataError
        If there is none of a name.
    """
    unknown = [name for name in names if name not in CHALLENGERS]
    if unknown:
        raise DataError(f"no challenger is named '{unknown[0]}': there are {', '.join(CHALLENGERS)}")
    return {name: CHALLENGERS[name] for name in names}


def default_challengers(
    weights: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    statistics: TrainingStatistics | None = None,
) -> dict[str, Head]:
    """Return the heads that learn if nothing else is said, the steadiest first.

    Parameters
    ----------
    weights, bias
        The network's own last layer, float32[classes, features] and float32[classes].
    statistics
        The training set's, for the cumulative head to begin with; None: it begins with nothing.
    """
    return {name: CHALLENGERS[name].make(weights, bias, statistics) for name in DEFAULTS}
