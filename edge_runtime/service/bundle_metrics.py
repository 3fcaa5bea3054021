"""The metrics of the pipelines' bundles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

__all__ = ["bundle_metrics"]


def bundle_metrics(bundles: Mapping[str, Mapping[str, Any]]) -> Iterator[Metric]:
    """Yield what became of bundles, given each pipeline's as its status has them."""
    phase = GaugeMetricFamily("edge_bundle_phase", "Where the newest bundle is", labels=["pipeline", "phase"])
    serving = GaugeMetricFamily("edge_bundle_serving", "The bundle that serves", labels=["pipeline", "name", "version"])
    refusals = CounterMetricFamily("edge_bundle_refusals", "Bundles and heads that were refused", labels=["pipeline"])
    rollbacks = CounterMetricFamily("edge_bundle_rollbacks", "Bundles that were rolled back", labels=["pipeline"])
    for pipeline, state in bundles.items():
        phase.add_metric([pipeline, state["state"]], 1)
        refusals.add_metric([pipeline], state["refusals"])
        rollbacks.add_metric([pipeline], state["rollbacks"])
        if state["active"] is not None:
            about = state["names"][state["active"]]
            serving.add_metric([pipeline, str(about.get("name", "?")), str(about.get("version", "?"))], 1)
    yield from (phase, serving, refusals, rollbacks)
