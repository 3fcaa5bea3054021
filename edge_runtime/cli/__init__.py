"""The command line."""

from __future__ import annotations

from edge_runtime.cli.main import app

__all__ = ["app"]
