"""Alarms on what a network says of a window: how badly an autoencoder gives it back, or a score that it puts out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import structlog
from pydantic import Field

from edge_runtime.config import NearbyPath, Table
from edge_runtime.daemon.network import Network
from edge_runtime.errors import ModelError, StateError
from edge_runtime.learning.alarm import ScoreAlarm, ScoreVerdict
from edge_runtime.learning.atomic import write_atomically
from edge_runtime.model.graph import Tensor

__all__ = ["AlarmTable", "WindowAlarm"]

_FILE = "alarm.state"
_Score = Callable[[npt.NDArray[np.int8], npt.NDArray[Any]], float]
_SAVE_EVERY = 500


log = structlog.get_logger(__name__)


class AlarmTable(Table):
    """Alarms on scores; without this table there are none."""

    score: Literal["reconstruction", "output"] = Field(description="what is watched")
    output: int = Field(default=0, ge=0, description='which output is the score, where score is "output"')
    rate: float = Field(default=0.01, gt=0, lt=1, description="share of windows that raise one while all is normal")
    warmup: int = Field(default=200, ge=2, description="first windows, which are taken for normal and raise none")
    state: NearbyPath | None = Field(default=None, description="a folder in which the threshold survives a restart")


class WindowAlarm:
    """Scores each window's inference, and raises alarms.

    Parameters
    ----------
    table
        What is watched.
    network
        Whose inferences.
    about
        Tells this network's scores from another's, in the state.
    folder
        Where the threshold is kept; None: nowhere.

    Raises
    ------
    ModelError
        If the network has no such score.
    StateError
        If the state cannot be kept where it should be or not be read, or is of another network.
    """

    def __init__(self, table: AlarmTable, network: Network, *, about: str, folder: Path | None) -> None:
        self._score_of = _reconstruction(network) if table.score == "reconstruction" else _output(network, table.output)
        self._about = f"{about} {table.score} {table.output} {table.rate} {table.warmup}"
        self._file = None if folder is None else folder / _FILE
        self._alarm = self._restored() or ScoreAlarm(rate=table.rate, warmup=table.warmup)
        self._taken = 0
        self._raised = False

    def take(self, stored: npt.NDArray[np.int8], outputs: npt.NDArray[Any]) -> tuple[ScoreVerdict, bool]:
        """Judge an inference by its input and output; return the verdict, and whether an alarm begins with it."""
        verdict = self._alarm.take(self._score_of(stored, outputs))
        begins, self._raised = verdict.alarm and not self._raised, verdict.alarm
        self._taken += 1
        if self._taken % _SAVE_EVERY == 0:
            self.save()
        return verdict, begins

    def report(self) -> dict[str, Any]:
        """Return the threshold (None during the warm-up), and how many scores were judged and passed."""
        scores, alarms = self._alarm.counts
        return {"threshold": self._alarm.threshold, "scores": scores, "alarms": alarms}

    def save(self) -> None:
        """Write the threshold down, if it is to survive; where that cannot be done it is logged, and alarms go on."""
        if self._file is None:
            return
        try:
            write_atomically(self._file, self._alarm.to_bytes(about=self._about), what="the alarm's threshold")
        except StateError as error:
            log.warning("threshold not written", reason=str(error))

    def _restored(self) -> ScoreAlarm | None:
        if self._file is None:
            return None
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            if not self._file.exists():
                return None
            return ScoreAlarm.from_bytes(self._file.read_bytes(), about=self._about)
        except OSError as error:
            raise StateError(f"{self._file}: the alarm's threshold cannot be kept there: {error.strerror}") from error
        except StateError as error:
            raise StateError(f"{self._file}: {error}") from error


def _reconstruction(network: Network) -> _Score:
    """Return what scores an autoencoder: the mean squared difference of what it is given and gives back, real numbers.

    What it is given is quantised, too: the score is of what the network saw.
    """
    graph = network.graph
    given, back = graph.tensor(graph.inputs[0]), graph.tensor(graph.outputs[0])
    if given.size != back.size:
        raise ModelError(
            f'{graph.name}: alarm.score = "reconstruction" needs an autoencoder, with as many outputs as inputs; '
            f'it has {given.size} inputs and {back.size} outputs; for one of its outputs write score = "output"'
        )
    real_input, real_output = _real(given), _real(back)

    def score(stored: npt.NDArray[np.int8], outputs: npt.NDArray[Any]) -> float:
        difference = real_input(stored) - real_output(outputs)
        return float(difference.dot(difference)) / given.size

    return score


def _output(network: Network, number: int) -> _Score:
    """Return what scores by one of a network's outputs, in real numbers."""
    graph = network.graph
    tensor = graph.tensor(graph.outputs[0])
    if number >= tensor.size:
        raise ModelError(f"{graph.name}: alarm.output is {number}; its outputs are 0 to {tensor.size - 1}")
    real_output = _real(tensor)
    return lambda _, outputs: float(real_output(outputs)[number])


def _real(tensor: Tensor) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.float64]]:
    """Return what turns a tensor's stored values into real numbers, float64[size]."""
    known = tensor.quantization
    if tensor.dtype != np.int8 or known is None or not len(known.scales):
        return lambda stored: stored.ravel().astype(np.float64)
    scale, zero_point = float(known.scale), int(known.zero_point)
    return lambda stored: scale * (stored.ravel().astype(np.float64) - zero_point)
