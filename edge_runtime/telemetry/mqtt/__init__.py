"""Records over MQTT, and commands back."""

from __future__ import annotations

from edge_runtime.telemetry.mqtt.broker import Broker
from edge_runtime.telemetry.mqtt.carrier import CommandHandler, MqttCarrier

__all__ = ["Broker", "CommandHandler", "MqttCarrier"]
