"""Heads that learn on the device, and the gate that decides which one serves."""

from __future__ import annotations

from edge_runtime.learning.base import Head
from edge_runtime.learning.frozen import FrozenHead
from edge_runtime.learning.gate import Decision, DecisionKind, Gate, GateOptions, MemoryCheck
from edge_runtime.learning.heads import head_from_bytes
from edge_runtime.learning.learner import LabelOutcome, Learner, LearnerOptions, default_challengers
from edge_runtime.learning.memory import BalancedMemory, EmbeddingMemory, LabelStatus, Remembered
from edge_runtime.learning.prequential import Prequential, Score
from edge_runtime.learning.slda import StreamingLDA
from edge_runtime.learning.softmax import SoftmaxHead

__all__ = [
    "BalancedMemory",
    "Decision",
    "DecisionKind",
    "EmbeddingMemory",
    "FrozenHead",
    "Gate",
    "GateOptions",
    "Head",
    "LabelOutcome",
    "LabelStatus",
    "Learner",
    "LearnerOptions",
    "MemoryCheck",
    "Prequential",
    "Remembered",
    "Score",
    "SoftmaxHead",
    "StreamingLDA",
    "default_challengers",
    "head_from_bytes",
]
