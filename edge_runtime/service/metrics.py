"""The device's metrics in the OpenMetrics text format, made of its status when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from edge_runtime.service.bundle_metrics import bundle_metrics
from edge_runtime.service.learning_metrics import learning_metrics

__all__ = ["CONTENT_TYPE", "render_metrics"]

CONTENT_TYPE = CONTENT_TYPE_LATEST

PIPELINE_COUNTERS = {
    "blocks": "Blocks taken in",
    "windows": "Feature windows delivered",
    "skipped": "Windows left out because they were not whole",
    "gaps": "Gaps in the stream",
    "late_blocks": "Blocks that came too late",
    "inferences": "Inferences",
    "mismatches": "Output elements that differ from the reference",
    "passed_over": "Blocks that came while a stage was to be started again",
}
PIPELINE_GAUGES = {
    "windows_per_s": "Windows a second since the start",
    "accuracy": "Prequential accuracy of what was served",
    "cycles_per_inference": "Engine cycles for one inference",
}


def render_metrics(status: Mapping[str, Any]) -> bytes:
    """Return a device's status as OpenMetrics text, with the process's own metrics."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_StatusCollector(status))
    return bytes(generate_latest(registry))  # type: ignore[no-untyped-call]


class _StatusCollector(Collector):
    def __init__(self, status: Mapping[str, Any]) -> None:
        self._status = status

    def collect(self) -> Iterable[Metric]:
        pipelines = self._status["pipelines"]
        yield GaugeMetricFamily("edge_ready", "Whether all models can be asked", value=float(self._status["ready"]))
        yield GaugeMetricFamily("edge_uptime_seconds", "Since the daemon's start", value=self._status["uptime_s"])
        for field, text in PIPELINE_COUNTERS.items():
            yield from _each(CounterMetricFamily(f"edge_{field}", text, labels=["pipeline"]), pipelines, field)
        for field, text in PIPELINE_GAUGES.items():
            yield from _each(GaugeMetricFamily(f"edge_{field}", text, labels=["pipeline"]), pipelines, field)
        yield from _latencies(pipelines)
        yield from _tables(pipelines)
        yield from learning_metrics(
            {name: pipeline["learning"] for name, pipeline in pipelines.items() if pipeline.get("learning")}
        )
        yield from bundle_metrics({name: one["bundles"] for name, one in pipelines.items() if one.get("bundles")})
        yield from _sinks(self._status["sinks"])
        yield from _overlays(self._status.get("overlays", {}))
        yield from _stages(self._status)


def _each(
    family: CounterMetricFamily | GaugeMetricFamily, pipelines: Mapping[str, Any], field: str
) -> Iterator[Metric]:
    for name, pipeline in pipelines.items():
        value = pipeline.get(field)
        if value is not None:
            family.add_metric([name], value)
    yield family


def _latencies(pipelines: Mapping[str, Any]) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "edge_latency_seconds", "From a block's arrival to its prediction", labels=["pipeline", "quantile"]
    )
    for name, pipeline in pipelines.items():
        for field, quantile in (("p50_ms", "0.5"), ("p99_ms", "0.99"), ("max_ms", "1")):
            family.add_metric([name, quantile], pipeline.get(field, 0.0) / 1e3)
    yield family


def _tables(pipelines: Mapping[str, Any]) -> Iterator[Metric]:
    labels = CounterMetricFamily("edge_labels", "Labels, by what became of them", labels=["pipeline", "status"])
    decisions = CounterMetricFamily("edge_decisions", "The gate's decisions", labels=["pipeline", "decision"])
    serving = GaugeMetricFamily("edge_serving", "The head that serves", labels=["pipeline", "head"])
    for name, pipeline in pipelines.items():
        for status, count in pipeline.get("labels", {}).items():
            labels.add_metric([name, status], count)
        for decision, count in pipeline.get("decisions", {}).items():
            decisions.add_metric([name, decision], count)
        serving.add_metric([name, str(pipeline.get("serving"))], 1)
    yield from (labels, decisions, serving)


def _sinks(sinks: Mapping[str, Any]) -> Iterator[Metric]:
    records = CounterMetricFamily("edge_sink_records", "Records, by what became of them", labels=["sink", "outcome"])
    depth = GaugeMetricFamily("edge_outbox_depth", "Records that wait to be sent", labels=["sink"])
    size = GaugeMetricFamily("edge_outbox_bytes", "What the outbox's files have", labels=["sink"])
    dropped = CounterMetricFamily("edge_outbox_dropped", "Dropped by policy", labels=["sink", "priority"])
    connected = GaugeMetricFamily("edge_link_connected", "Whether the link is up", labels=["sink"])
    about = "Records handed to the link, acknowledged by the other side, late"
    carried = CounterMetricFamily("edge_link_records", about, labels=["sink", "outcome"])
    for name, sink in sinks.items():
        for outcome in ("acknowledged", "failed", "dropped"):
            records.add_metric([name, outcome], sink[outcome])
        if "outbox" in sink:
            depth.add_metric([name], sink["outbox"]["depth"])
            size.add_metric([name], sink["outbox"]["bytes"])
            connected.add_metric([name], float(sink["link"]["connected"]))
            for outcome in ("sent", "acknowledged", "late"):
                carried.add_metric([name, outcome], sink["link"][outcome])
            for priority, count in sink["outbox"]["dropped"].items():
                dropped.add_metric([name, str(priority)], count)
    yield from (records, depth, size, dropped, connected, carried)


def _overlays(overlays: Mapping[str, Any]) -> Iterator[Metric]:
    swaps = CounterMetricFamily(
        "edge_overlay_swaps", "A pipeline's network loaded in place of another's", labels=["overlay", "pipeline"]
    )
    cost = CounterMetricFamily("edge_overlay_swap_seconds", "Time that swaps took", labels=["overlay"])
    opened = CounterMetricFamily("edge_overlay_opened", "How often a shared overlay was opened", labels=["overlay"])
    jobs = CounterMetricFamily("edge_overlay_jobs", "What a shared overlay carried out", labels=["overlay", "pipeline"])
    wait = CounterMetricFamily(
        "edge_overlay_wait_seconds", "Time that jobs waited for their turn", labels=["overlay", "pipeline"]
    )
    about = "Whether a pipeline's network is in the overlay's memories"
    loaded = GaugeMetricFamily("edge_overlay_loaded", about, labels=["overlay", "pipeline"])
    for name, overlay in overlays.items():
        cost.add_metric([name], overlay["swap_s"])
        opened.add_metric([name], overlay["opened"])
        for pipeline, counts in overlay["tenants"].items():
            swaps.add_metric([name, pipeline], counts["swaps"])
            jobs.add_metric([name, pipeline], counts["jobs"])
            wait.add_metric([name, pipeline], counts["wait_s"])
            loaded.add_metric([name, pipeline], float(pipeline in overlay["loaded"]))
    yield from (swaps, cost, opened, jobs, wait, loaded)


def _stages(status: Mapping[str, Any]) -> Iterator[Metric]:
    """Yield what became of each stage; the service has no pipeline, and a sink is told under its own name."""
    up = GaugeMetricFamily("edge_stage_up", "Whether a stage runs", labels=["pipeline", "stage"])
    failures = CounterMetricFamily("edge_stage_failures", "How often a stage failed", labels=["pipeline", "stage"])
    restarts = CounterMetricFamily(
        "edge_stage_restarts", "How often a stage was started again", labels=["pipeline", "stage"]
    )
    described = [("", name, stage) for name, stage in status.get("stages", {}).items()]
    for pipeline, about in status["pipelines"].items():
        described += [(pipeline, name, stage) for name, stage in about.get("stages", {}).items()]
    described += [("", name, sink["stage"]) for name, sink in status["sinks"].items() if "stage" in sink]
    for pipeline, name, stage in described:
        up.add_metric([pipeline, name], float(stage["state"] == "running"))
        failures.add_metric([pipeline, name], stage["failures"])
        restarts.add_metric([pipeline, name], stage["restarts"])
    yield from (up, failures, restarts)
