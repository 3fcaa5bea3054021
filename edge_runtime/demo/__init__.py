"""The whole loop on recorded data: one command, one report."""

from __future__ import annotations

__all__: list[str] = []
