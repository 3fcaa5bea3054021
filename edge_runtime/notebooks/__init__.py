"""Notebooks for PYNQ: ``pynq get-notebooks edge_runtime`` puts them where Jupyter looks."""

from __future__ import annotations

from pathlib import Path

__all__ = ["FOLDER"]

FOLDER = Path(__file__).parent
"""Where the notebooks lie."""
