"""Where samples come from: devices, brokers, this machine, recordings, computed streams, and files of cases."""

from __future__ import annotations

from edge_runtime.sources.base import Source, SourceCounts
from edge_runtime.sources.host import HostSource
from edge_runtime.sources.iio import IioSource
from edge_runtime.sources.merged import MergedSource
from edge_runtime.sources.microphone import MicrophoneSource
from edge_runtime.sources.mqtt import MqttSource
from edge_runtime.sources.pace import Pace
from edge_runtime.sources.recording import RecordedSource
from edge_runtime.sources.serial_frames import SerialSource
from edge_runtime.sources.serial_lines import LineSource
from edge_runtime.sources.serial_link import LinkStream, SerialLinkSource
from edge_runtime.sources.signals import Bearing
from edge_runtime.sources.synthetic import SyntheticSource, bearing_source, motion_source
from edge_runtime.sources.tables import AnySourceTable, SourceTable
from edge_runtime.sources.ts_file import TsCases, aeon_data_file, read_ts

__all__ = [
    "AnySourceTable",
    "Bearing",
    "HostSource",
    "IioSource",
    "LineSource",
    "LinkStream",
    "MergedSource",
    "MicrophoneSource",
    "MqttSource",
    "Pace",
    "RecordedSource",
    "SerialLinkSource",
    "SerialSource",
    "Source",
    "SourceCounts",
    "SourceTable",
    "SyntheticSource",
    "TsCases",
    "aeon_data_file",
    "bearing_source",
    "motion_source",
    "read_ts",
]
