"""Where samples come from: recordings, computed streams, and files of cases."""

from __future__ import annotations

from edge_runtime.sources.base import Source, SourceCounts
from edge_runtime.sources.pace import Pace
from edge_runtime.sources.recording import RecordedSource
from edge_runtime.sources.synthetic import SyntheticSource
from edge_runtime.sources.ts_file import TsCases, aeon_data_file, read_ts

__all__ = [
    "Pace",
    "RecordedSource",
    "Source",
    "SourceCounts",
    "SyntheticSource",
    "TsCases",
    "aeon_data_file",
    "read_ts",
]
