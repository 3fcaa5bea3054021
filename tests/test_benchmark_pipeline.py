"""The pipeline benchmark measures what it says; short streams, the daemon alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from support.mosquitto import find_mosquitto

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "pipeline.py"


def test_the_whole_daemon_is_measured_and_loses_nothing() -> None:
    find_mosquitto()
    options = ["--paced", "100", "--free", "300", "--no-peers"]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *options], capture_output=True, text=True, timeout=1800, check=True
    )
    told = json.loads(done.stdout)
    assert told["benchmark"] == "pipeline"
    assert told["lost"] == 0
    assert told["windows_per_s"] > 0
    assert 0 < told["p50_ms"] <= told["p99_ms"] <= told["p999_ms"]
    assert told["rss_mb"] > 10
    assert told["cpu_us_per_window"] > 0
