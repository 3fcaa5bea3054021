"""The device over HTTP: inference, labels, status, metrics, events and the dashboard."""

from __future__ import annotations

from edge_runtime.service.access import Access
from edge_runtime.service.address import Address
from edge_runtime.service.app import build_app
from edge_runtime.service.device import Device, LabelRequest, ModelInfo, TensorInfo
from edge_runtime.service.hub import Hub
from edge_runtime.service.server import serve

__all__ = ["Access", "Address", "Device", "Hub", "LabelRequest", "ModelInfo", "TensorInfo", "build_app", "serve"]
