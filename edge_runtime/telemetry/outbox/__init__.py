"""The outbox: records wait here, on the disk, until whoever is to have them has acknowledged them."""

from __future__ import annotations

from edge_runtime.telemetry.outbox.inspect import OutboxContent, inspect_outbox
from edge_runtime.telemetry.outbox.outbox import Outbox, OutboxCounts
from edge_runtime.telemetry.outbox.spool import Item, OutboxFullError, Spool, WhenFull

__all__ = [
    "Item",
    "Outbox",
    "OutboxContent",
    "OutboxCounts",
    "OutboxFullError",
    "Spool",
    "WhenFull",
    "inspect_outbox",
]
