"""Records over MQTT, and commands back."""

from __future__ import annotations

from edge_runtime.telemetry.mqtt.broker import Broker
from edge_runtime.telemetry.mqtt.carrier import MqttCarrier
from edge_runtime.telemetry.mqtt.desk import CommandDesk, CommandHandler

__all__ = ["Broker", "CommandDesk", "CommandHandler", "MqttCarrier"]
