"""Records over a serial line, as framed CBOR with acknowledgements."""

from __future__ import annotations

from edge_runtime.telemetry.serial.carrier import SerialCarrier, SerialCounts
from edge_runtime.telemetry.serial.frames import Acknowledgement, RecordFrame
from edge_runtime.telemetry.serial.port import Port
from edge_runtime.telemetry.serial.receiver import RecordReceiver

__all__ = ["Acknowledgement", "Port", "RecordFrame", "RecordReceiver", "SerialCarrier", "SerialCounts"]
