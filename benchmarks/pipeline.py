"""The daemon's own cost: a computed stream through features, the reference accelerator and a sink, as fast as it goes.

Prints one JSON object: windows a second, the quantiles of the latency from a block's arrival to its prediction,
and the largest resident set.
"""

from __future__ import annotations

import json
import resource
from functools import partial

import anyio
import numpy as np

from edge_runtime.daemon import run_pipelines
from edge_runtime.daemon.build import build_pipeline, deploy
from edge_runtime.daemon.config import ModelTable
from edge_runtime.features import FeatureView
from edge_runtime.paths import examples_folder
from edge_runtime.sources import SyntheticSource
from edge_runtime.telemetry import MemorySink, Record

SECONDS = 5000
RATE_HZ = 10.0


class Discard(MemorySink):
    """Encodes records like any other sink, and keeps none."""

    async def put(self, records: list[Record]) -> None:
        """Count the records and forget them."""
        await super().put(records)
        self.records.clear()


def main() -> None:
    """Play the stream, one window a second of it, and print what was measured."""
    folder = examples_folder() / "activity"
    view = FeatureView.from_toml(folder / "view.toml")
    deployed = deploy(ModelTable(path=folder / "activity.tflite", accelerator="reference", check=False), view)
    source = SyntheticSource(view.channels, RATE_HZ, block_size=round(RATE_HZ), blocks=SECONDS)
    pipeline = build_pipeline("bench", deployed, source, sinks={"discard": Discard()})
    anyio.run(partial(run_pipelines, source, [pipeline]))
    report = pipeline.report()
    latencies = pipeline.step.latencies.values_ms()
    result = {
        "benchmark": "pipeline",
        "windows_per_s": report.windows_per_s,
        "p50_ms": report.p50_ms,
        "p99_ms": report.p99_ms,
        "p999_ms": round(float(np.percentile(latencies, 99.9)), 4),
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
