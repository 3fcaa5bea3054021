"""The head that never learns: the network's own last layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from edge_runtime.errors import DataError
from edge_runtime.learning.base import Head

__all__ = ["FrozenHead", "checked_linear"]


class FrozenHead(Head):
    """A linear head that stays as it is.

    As the network's own last layer it is the candidate that is always there to return to; as a
    snapshot it is what serves while the head it was taken from learns on.

    Parameters
    ----------
    weights
        float32[classes, features], finite; copied.
    bias
        float32[classes], finite; copied.

    Raises
    ------
    DataError
        If shapes or values are not these.
    """

    kind = "frozen"

    def __init__(self, weights: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]) -> None:
        self._weights, self._bias = checked_linear(weights, bias)
        super().__init__(self._weights.shape[1], self._weights.shape[0])

    def linear(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return the weights and bias that were given."""
        return self._weights, self._bias

    def _learn(self, embeddings: npt.NDArray[np.float32], targets: Sequence[Any]) -> None:
        """Stay as it is."""

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        return {}, {"weights": self._weights, "bias": self._bias}

    @classmethod
    def _from_state(cls, parameters: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:  # noqa: ARG003
        return cls(arrays["weights"], arrays["bias"])


def checked_linear(
    weights: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return float32 copies of a linear head's ``weights[classes, features]`` and ``bias[classes]``.

    Raises
    ------
    DataError
        If the shapes do not go together, or a value is not finite.
    """
    weights, bias = np.array(weights, np.float32), np.array(bias, np.float32)
    if weights.ndim != 2 or bias.shape != weights.shape[:1]:
        raise DataError(
            f"weights of shape {list(weights.shape)} with a bias of shape {list(bias.shape)}: "
            "[classes, features] and [classes] are needed"
        )
    if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
        raise DataError("a head's weights and bias must be finite: they hold NaN or infinity")
    return weights, bias
