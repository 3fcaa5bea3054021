"""Features: views are declared, and computed by one code, online and offline."""

from __future__ import annotations

from edge_runtime.features.compute import FeatureComputer, FeatureWindow, compute_recording
from edge_runtime.features.policy import FeatureCounts
from edge_runtime.features.quantize import quantize_features
from edge_runtime.features.reference import ReferenceTable
from edge_runtime.features.store import OnlineStore, StoredWindow
from edge_runtime.features.training_set import LabelledTime, join_labels, label_windows, read_labels
from edge_runtime.features.view import FeatureView, Normalisation, Policy

__all__ = [
    "FeatureComputer",
    "FeatureCounts",
    "FeatureView",
    "FeatureWindow",
    "LabelledTime",
    "Normalisation",
    "OnlineStore",
    "Policy",
    "ReferenceTable",
    "StoredWindow",
    "compute_recording",
    "join_labels",
    "label_windows",
    "quantize_features",
    "read_labels",
]
