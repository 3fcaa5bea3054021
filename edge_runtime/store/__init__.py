"""The store: predictions with their features, labels, heads and events, kept on the device within limits."""

from __future__ import annotations

from edge_runtime.store.export import export_store
from edge_runtime.store.read import LabelledWindow, StoreContent, StoredHead, StoreReader
from edge_runtime.store.retention import Retention
from edge_runtime.store.sink import StoreSink
from edge_runtime.store.store import Entry, Features, HeadWeights, Store

__all__ = [
    "Entry",
    "Features",
    "HeadWeights",
    "LabelledWindow",
    "Retention",
    "Store",
    "StoreContent",
    "StoreReader",
    "StoreSink",
    "StoredHead",
    "export_store",
]
