"""Makes one pipeline's records, each with an id that no other record has."""

from __future__ import annotations

import itertools
import secrets
from typing import Any

from edge_runtime.telemetry.record import make_record

__all__ = ["Recorder"]


class Recorder:
    """Numbers the records of one run of one pipeline.

    Parameters
    ----------
    pipeline
        The pipeline's name; every record carries it.
    run
        Tells this run from others; None draws it at random.
    """

    def __init__(self, pipeline: str, *, run: str | None = None) -> None:
        self.pipeline = pipeline
        self.run = secrets.token_hex(6) if run is None else run
        self._numbers = itertools.count()

    def make(self, kind: str, *, t_ns: int, **fields: Any) -> dict[str, Any]:
        """Make a record; `t_ns` is the stream's time, nanoseconds since the Unix epoch, UTC."""
        record_id = f"{self.pipeline}-{self.run}-{next(self._numbers)}"
        return make_record(kind, record_id=record_id, t_ns=t_ns, pipeline=self.pipeline, **fields)
