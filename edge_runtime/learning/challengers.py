"""The heads that learn if nothing else is said."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_runtime.learning.base import Head
from edge_runtime.learning.slda import StreamingLDA
from edge_runtime.learning.softmax import SoftmaxHead
from edge_runtime.learning.statistics import TrainingStatistics

__all__ = ["default_challengers"]


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
    classes, features = np.shape(weights)
    steady = (
        StreamingLDA(features, classes, clip=3.0)
        if statistics is None
        else StreamingLDA.of_training(statistics, weight=20, clip=3.0)
    )
    return {
        "slda": steady,
        "slda_recent": StreamingLDA(features, classes, clip=3.0),
        "slda_forgetting": StreamingLDA(features, classes, memory=20, clip=3.0),
        "softmax": SoftmaxHead(weights, bias),
    }
