"""The whole loop on recorded data: one command, one report."""

from __future__ import annotations

from edge_runtime.demo.display import LiveProgress
from edge_runtime.demo.progress import LineProgress, Progress, percent
from edge_runtime.demo.result import DemoResult
from edge_runtime.demo.run import DemoOptions, run_demo

__all__ = ["DemoOptions", "DemoResult", "LineProgress", "LiveProgress", "Progress", "percent", "run_demo"]
