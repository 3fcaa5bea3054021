"""The store as a sink of the daemon."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ConfigError, SinkError
from edge_runtime.store.store import Entry, Features, HeadWeights, Store
from edge_runtime.telemetry.group import GroupSink
from edge_runtime.telemetry.record import AttachedRecord, Record, encode_record

__all__ = ["StoreSink"]

LONGEST_WAIT = 4096
"""Windows whose features wait for their prediction at most; beyond that the oldest are forgotten, and counted."""


class StoreSink(GroupSink[Entry]):
    """Takes records into a store; durable when `put` returns.

    Parameters
    ----------
    store
        The store; it belongs to the sink.
    commit_every
        Seconds that records gather before they are committed together: what a power cut may cost.
    features
        Whether windows' features are kept, too.

    Attributes
    ----------
    wants_features
        Whether `keep_features` should be called.
    features_lost
        Windows whose features were forgotten, because their predictions did not come.
    """

    at_once = 64

    def __init__(self, store: Store, *, commit_every: float = 0.2, features: bool = True) -> None:
        super().__init__(gather_s=commit_every)
        self.features_lost = 0
        self.wants_features = features
        self._store = store
        self._waiting: OrderedDict[tuple[str, int], Features] = OrderedDict()
        self._names: dict[tuple[str, ...], str] = {}

    def limit(self, *, rows: int | None, age_s: float | None) -> None:
        """Say anew how many rows of each kind are kept, and for how many seconds; None: no limit."""
        self._store.retention = replace(self._store.retention, rows=rows, age_s=age_s)

    def keep_features(self, pipeline: str, names: Sequence[str], window: int, values: npt.NDArray[np.float32]) -> None:
        """Keep a window's features until its prediction is put; they are stored together.

        Parameters
        ----------
        pipeline, window
            Whose they are.
        names
            What the values are called.
        values
            float32[size].
        """
        key = tuple(names)
        encoded = self._names.get(key)
        if encoded is None:
            encoded = self._names[key] = json.dumps(key)
        self._waiting[pipeline, window] = Features(encoded, values)
        if len(self._waiting) > LONGEST_WAIT:
            self._waiting.popitem(last=False)
            self.features_lost += 1

    def _encode(self, record: Record) -> Entry:
        plain = json.loads(encode_record(record))
        features = None
        if plain.get("kind") == "prediction":
            features = self._waiting.pop((plain.get("pipeline"), plain.get("window")), None)
        head = HeadWeights(**record.arrays) if isinstance(record, AttachedRecord) else None
        return Entry(plain, features, head)

    def _write(self, items: Sequence[Entry]) -> None:
        try:
            self._store.add(items)
        except ConfigError as error:
            # Another program has put something else into the store's place.
            raise SinkError(str(error)) from error

    def _release(self) -> None:
        self._store.close()
