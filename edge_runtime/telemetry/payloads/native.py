"""The records as they are, in a JSON or CBOR array."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import cbor2

from edge_runtime.telemetry.link import Letter
from edge_runtime.telemetry.payloads.base import Message, Payloads, Topics, by_kind

__all__ = ["NativePayloads"]


class NativePayloads(Payloads):
    """An array of records in each message, all of one kind; ``late`` is true in those that are.

    Parameters
    ----------
    topics
        Where they go.
    encoding
        How they are written.
    """

    def __init__(self, topics: Topics, encoding: Literal["json", "cbor"] = "json") -> None:
        super().__init__(topics)
        self._encoding = encoding

    def messages(self, letters: Sequence[Letter]) -> Iterable[Message]:
        """Return one message for each run of records of one kind."""
        for pipeline, kind, group in by_kind(letters):
            yield Message(self.topics.records(pipeline, kind), self._encode(group), f"application/{self._encoding}")

    def _encode(self, letters: Sequence[Letter]) -> bytes:
        if self._encoding == "cbor":
            return cbor2.dumps([letter.record for letter in letters])
        return b"[" + b",".join(letter.as_json() for letter in letters) + b"]"
