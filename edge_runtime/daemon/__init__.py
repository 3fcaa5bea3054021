"""The daemon: puts the rooms together, and runs pipelines."""

from __future__ import annotations

from edge_runtime.daemon.config import PipelineConfig, load_pipeline
from edge_runtime.daemon.device_file import DeviceConfig, load_device
from edge_runtime.daemon.fanout import FanOut, SinkCounts
from edge_runtime.daemon.labels import DelayedTruth, Label, LabelFeed, LabelQueue
from edge_runtime.daemon.pipeline import Pipeline
from edge_runtime.daemon.pipeline_report import PipelineReport
from edge_runtime.daemon.run import run_pipelines

__all__ = [
    "DelayedTruth",
    "DeviceConfig",
    "FanOut",
    "Label",
    "LabelFeed",
    "LabelQueue",
    "Pipeline",
    "PipelineConfig",
    "PipelineReport",
    "SinkCounts",
    "load_device",
    "load_pipeline",
    "run_pipelines",
]
