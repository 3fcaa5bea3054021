"""How the daemon logs: how much, and in which form."""

from __future__ import annotations

import logging
from typing import Literal

import structlog

from edge_runtime.config import Table

__all__ = ["LogTable", "Logs"]


class LogTable(Table):
    """The log on standard error; without a level, the command line's option says how much."""

    level: Literal["debug", "info", "warning", "error"] | None = None
    format: Literal["text", "json"] = "text"


class Logs:
    """The log as it was when this was made, and as a table has it."""

    def __init__(self) -> None:
        self._before = structlog.get_config()

    def set(self, table: LogTable) -> None:
        """Log as a table says from now on; what it does not say is as it was before."""
        chosen = dict(self._before)
        if table.level is not None:
            chosen["wrapper_class"] = structlog.make_filtering_bound_logger(getattr(logging, table.level.upper()))
        if table.format == "json":
            # What renders for people is the last one.
            chosen["processors"] = [*self._before["processors"][:-1], structlog.processors.JSONRenderer()]
        structlog.configure(**chosen)
