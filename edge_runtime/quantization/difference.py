"""How far an int8 network's outputs lie from those of the float network that it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Difference", "compare", "run"]


@dataclass(frozen=True)
class Difference:
    """What quantisation changed in the outputs, over all samples.

    Parameters
    ----------
    samples
        How many inputs both networks were given.
    max_abs, mean_abs
        Absolute difference of the outputs as real numbers.
    largest_output
        The largest absolute value that the float network gave, to judge them by.
    argmax_agreement
        Share of samples whose largest output is the same element, 0 to 1 (of the first output).
    """

    samples: int
    max_abs: float
    mean_abs: float
    largest_output: float
    argmax_agreement: float


def compare(before: Sequence[npt.NDArray[np.float32]], after: Sequence[npt.NDArray[np.float32]]) -> Difference:
    """Compare two networks' outputs, each float32[samples, …]."""
    apart = np.concatenate([np.abs(b - a).ravel() for b, a in zip(before, after, strict=True)])
    first = [outputs[0].reshape(len(outputs[0]), -1).argmax(axis=1) for outputs in (before, after)]
    return Difference(
        samples=len(before[0]),
        max_abs=float(apart.max()),
        mean_abs=float(apart.mean()),
        largest_output=float(max(np.abs(outputs).max() for outputs in before)),
        argmax_agreement=float((first[0] == first[1]).mean()),
    )


def run(interpreter: Any, samples: Sequence[npt.NDArray[np.float32]]) -> list[npt.NDArray[np.float32]]:
    """Run a network over samples of real numbers, and return its outputs as real numbers.

    Parameters
    ----------
    interpreter
        A TFLite interpreter with its tensors allocated; of a float or of an int8 network.
    samples
        For each input float32[samples, 1, …].

    Returns
    -------
    For each output float32[samples, …].
    """
    given, wanted = interpreter.get_input_details(), interpreter.get_output_details()
    outputs: list[list[npt.NDArray[np.float32]]] = [[] for _ in wanted]
    for sample in zip(*samples, strict=True):
        for detail, values in zip(given, sample, strict=True):
            interpreter.set_tensor(detail["index"], _stored(values, detail))
        interpreter.invoke()
        for kept, detail in zip(outputs, wanted, strict=True):
            kept.append(_real(interpreter.get_tensor(detail["index"]), detail))
    return [np.concatenate(kept) for kept in outputs]


def _stored(values: npt.NDArray[np.float32], detail: dict[str, Any]) -> npt.NDArray[Any]:
    scale, zero_point = detail["quantization"]
    if not scale:
        return values.astype(detail["dtype"])
    limits = np.iinfo(detail["dtype"])
    stored: npt.NDArray[Any] = np.clip(np.round(values / scale) + zero_point, limits.min, limits.max)
    return stored.astype(detail["dtype"])


def _real(stored: npt.NDArray[Any], detail: dict[str, Any]) -> npt.NDArray[np.float32]:
    scale, zero_point = detail["quantization"]
    real = (stored.astype(np.float32) - zero_point) * scale if scale else stored
    return np.asarray(real, np.float32)
