"""How the daemon logs: how much, and in which form."""

from __future__ import annotations

import logging
from typing import Any, Literal

import structlog

from edge_runtime.config import Table

__all__ = ["LogTable", "set_logs"]

_at_start: dict[str, Any] = {}


class LogTable(Table):
    """The log on standard error; without a level, the command line's option says how much."""

    level: Literal["debug", "info", "warning", "error"] | None = None
    format: Literal["text", "json"] = "text"


def set_logs(table: LogTable) -> None:
    """Log as a table says from now on; what it does not say is as it was at the first call."""
    if not _at_start:
        _at_start.update(structlog.get_config())
    chosen = dict(_at_start)
    if table.level is not None:
        chosen["wrapper_class"] = structlog.make_filtering_bound_logger(getattr(logging, table.level.upper()))
    if table.format == "json":
        # Whatever renders for people is the last one.
        chosen["processors"] = [*_at_start["processors"][:-1], structlog.processors.JSONRenderer()]
    structlog.configure(**chosen)
