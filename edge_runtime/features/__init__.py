"""Features: views are declared, and computed by one code, online and offline."""

from __future__ import annotations

from edge_runtime.features.compute import FeatureComputer, FeatureWindow, compute_recording
from edge_runtime.features.policy import FeatureCounts
from edge_runtime.features.quantize import quantize_features
from edge_runtime.features.view import FeatureView, Normalisation, Policy

__all__ = [
    "FeatureComputer",
    "FeatureCounts",
    "FeatureView",
    "FeatureWindow",
    "Normalisation",
    "Policy",
    "compute_recording",
    "quantize_features",
]
