"""Heads that learn on the device, and the gate that decides which one serves."""

from __future__ import annotations

from edge_runtime.learning.adapter import HeadClassifier
from edge_runtime.learning.alarm import ScoreAlarm, ScoreVerdict
from edge_runtime.learning.base import Head
from edge_runtime.learning.challengers import Challenger, default_challengers
from edge_runtime.learning.detectors import AdwinOptions, PageHinkleyOptions
from edge_runtime.learning.drift import Adwin, EmbeddingDistance, PageHinkley
from edge_runtime.learning.durable import DurableLearner, Recovery
from edge_runtime.learning.evaluation import Evaluation, Quality
from edge_runtime.learning.events import Command
from edge_runtime.learning.frozen import FrozenHead
from edge_runtime.learning.gate import Decision, DecisionKind, Gate, GateOptions, MemoryCheck
from edge_runtime.learning.heads import head_from_bytes
from edge_runtime.learning.journal import Journal
from edge_runtime.learning.labels import GivenLabel, LabelOutcome
from edge_runtime.learning.learner import Learner
from edge_runtime.learning.memory import BalancedMemory, EmbeddingMemory, LabelStatus, Remembered
from edge_runtime.learning.ncm import NearestClassMean
from edge_runtime.learning.options import LearnerOptions
from edge_runtime.learning.plan import LearningPlan
from edge_runtime.learning.prequential import Prequentials, Score
from edge_runtime.learning.rls import LinearRegression, RecursiveLeastSquares
from edge_runtime.learning.slda import StreamingLDA
from edge_runtime.learning.softmax import SoftmaxHead
from edge_runtime.learning.statistics import TrainingStatistics
from edge_runtime.learning.threshold import AdaptiveThreshold
from edge_runtime.learning.trust import TrustOptions

__all__ = [
    "AdaptiveThreshold",
    "Adwin",
    "AdwinOptions",
    "BalancedMemory",
    "Challenger",
    "Command",
    "Decision",
    "DecisionKind",
    "DurableLearner",
    "EmbeddingDistance",
    "EmbeddingMemory",
    "Evaluation",
    "FrozenHead",
    "Gate",
    "GateOptions",
    "GivenLabel",
    "Head",
    "HeadClassifier",
    "Journal",
    "LabelOutcome",
    "LabelStatus",
    "Learner",
    "LearnerOptions",
    "LearningPlan",
    "LinearRegression",
    "MemoryCheck",
    "NearestClassMean",
    "PageHinkley",
    "PageHinkleyOptions",
    "Prequentials",
    "Quality",
    "Recovery",
    "RecursiveLeastSquares",
    "Remembered",
    "Score",
    "ScoreAlarm",
    "ScoreVerdict",
    "SoftmaxHead",
    "StreamingLDA",
    "TrainingStatistics",
    "TrustOptions",
    "default_challengers",
    "head_from_bytes",
]
