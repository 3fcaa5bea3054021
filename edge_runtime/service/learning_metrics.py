"""What the metrics page tells of learning: every head in play, the labels' sources, the learner itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

__all__ = ["learning_metrics"]

_HEADS = {
    "accuracy": "Accuracy of a head in play on recent labels",
    "kappa": "Cohen's kappa of a head in play on recent labels",
    "log_loss": "Mean log-loss of a head in play on recent labels, nats",
    "calibration_error": "Expected calibration error of a head in play on recent labels",
}
_GAUGES = {
    "label_delay_s": ("edge_label_delay_seconds", "Mean delay from a prediction to its label"),
    "bytes": ("edge_learning_bytes", "Memory that learning takes"),
}
_COUNTERS = {
    "asked": ("edge_labels_asked", "Predictions whose label was asked for"),
    "changes": ("edge_changes", "Times that the world has changed"),
}

Reports = Mapping[str, Mapping[str, Any]]
"""Each pipeline's learner's report, by the pipeline's name."""


def learning_metrics(reports: Reports) -> Iterator[Metric]:
    """Yield what learners report; what is not known yet has no sample."""
    for field, (name, text) in _GAUGES.items():
        yield _numbers(GaugeMetricFamily(name, text, labels=["pipeline"]), reports, field)
    for field, (name, text) in _COUNTERS.items():
        yield _numbers(CounterMetricFamily(name, text, labels=["pipeline"]), reports, field)
    for field, text in _HEADS.items():
        yield _head_numbers(GaugeMetricFamily(f"edge_head_{field}", text, labels=["pipeline", "head"]), reports, field)
    yield from (_recall(reports), _confusion(reports), _sources(reports))


def _numbers(
    family: CounterMetricFamily | GaugeMetricFamily, reports: Reports, field: str
) -> CounterMetricFamily | GaugeMetricFamily:
    for pipeline, report in reports.items():
        if report[field] is not None:
            family.add_metric([pipeline], report[field])
    return family


def _head_numbers(family: GaugeMetricFamily, reports: Reports, field: str) -> Metric:
    for pipeline, head, quality in _heads(reports):
        if quality[field] is not None:
            family.add_metric([pipeline, head], quality[field])
    return family


def _recall(reports: Reports) -> Metric:
    names = ["pipeline", "head", "class"]
    family = GaugeMetricFamily("edge_head_recall", "Accuracy of a head on one class's recent labels", labels=names)
    for pipeline, head, quality in _heads(reports):
        for label, value in enumerate(quality["recall"]):
            if value is not None:
                family.add_metric([pipeline, head, str(label)], value)
    return family


def _confusion(reports: Reports) -> Metric:
    names = ["pipeline", "head", "class", "predicted"]
    family = GaugeMetricFamily("edge_head_confusion", "Weight of recent labels by predictions", labels=names)
    for pipeline, head, quality in _heads(reports):
        for label, row in enumerate(quality["confusion"]):
            for predicted, weight in enumerate(row):
                if weight:
                    family.add_metric([pipeline, head, str(label), str(predicted)], weight)
    return family


def _sources(reports: Reports) -> Metric:
    names = ["pipeline", "source", "number"]
    family = GaugeMetricFamily("edge_label_source", "What is known of who gives labels", labels=names)
    for pipeline, report in reports.items():
        for source, numbers in report["sources"].items():
            for number, value in numbers.items():
                family.add_metric([pipeline, source, number], float(value))
    return family


def _heads(reports: Reports) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for pipeline, report in reports.items():
        for head, quality in report["heads"].items():
            yield pipeline, head, quality
