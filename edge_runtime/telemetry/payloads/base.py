"""The payload seam: from records to MQTT messages."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from edge_runtime.telemetry.link import Letter

__all__ = ["Message", "Payloads", "Topics", "by_kind"]


@dataclass(frozen=True)
class Message:
    """What is published."""

    topic: str
    payload: bytes
    content_type: str
    qos: int = 1
    retain: bool = False


@dataclass(frozen=True)
class Topics:
    """The names of a device's topics; docs/telemetry.md lists them. ``v1`` rises when a payload changes its meaning.

    Parameters
    ----------
    device
        The device's name.
    prefix
        What stands before it.

    Examples
    --------
    >>> Topics("press-7").records("vibration", "prediction")
    'edge/v1/press-7/vibration/prediction'
    """

    device: str
    prefix: str = "edge/v1"

    @property
    def base(self) -> str:
        """What all topics of the device begin with."""
        return f"{self.prefix}/{self.device}"

    @property
    def availability(self) -> str:
        """Retained: ``{"online": true}``, or the will."""
        return f"{self.base}/availability"

    @property
    def commands(self) -> str:
        """What the device subscribes to."""
        return f"{self.base}/command/+"

    def command(self, name: str) -> str:
        """Return where a command is sent to."""
        return f"{self.base}/command/{name}"

    def records(self, pipeline: str, kind: str) -> str:
        """Return where a pipeline's records of a kind go."""
        return f"{self.base}/{pipeline}/{kind}"

    def reply(self, command: str) -> str:
        """Return where the answer to a command goes, unless the command names another topic."""
        return f"{self.base}/reply/{command}"


class Payloads(ABC):
    """Makes messages of records.

    Parameters
    ----------
    topics
        Where they go.
    """

    def __init__(self, topics: Topics) -> None:
        self.topics = topics

    @abstractmethod
    def messages(self, letters: Sequence[Letter]) -> Iterable[Message]:
        """Return what is to be published for these records; all of them must be acknowledged."""

    def begin(self) -> None:  # noqa: B027 # most formats have no session
        """Begin a connection: called before `will` and `births`."""

    def births(self) -> list[Message]:
        """Return what is published first on every connection."""
        return [self._availability(True)]

    def will(self) -> Message:
        """Return what the broker publishes when the device is gone."""
        return self._availability(False)

    def farewell(self) -> Message:
        """Return what is published before an orderly end; a broker sends no will then."""
        return self.will()

    def _availability(self, online: bool) -> Message:
        state: dict[str, Any] = {"online": online}
        if online:
            state["t_ns"] = time.time_ns()
        return Message(self.topics.availability, json.dumps(state).encode(), "application/json", retain=True)


def by_kind(letters: Sequence[Letter]) -> Iterable[tuple[str, str, list[Letter]]]:
    """Cut letters into runs of the same pipeline and kind, in order."""

    def key(letter: Letter) -> tuple[str, str]:
        record = letter.record
        return str(record.get("pipeline", "device")), str(record.get("kind", "record"))

    for (pipeline, kind), group in groupby(letters, key):
        yield pipeline, kind, list(group)
