"""The whole daemon, from a sensor's last sample to a subscriber of an MQTT broker, beside two usual ways to the same.

A real Mosquitto, a small network (examples/activity) on the reference accelerator, the service and an outbox beside it.
First 100 windows a second, for the delay; then a day of windows, one for each second of it, as fast as they go, for the
rate, the processor time and the memory. The peers do the same work on a shorter stream. Prints one JSON object;
`load_average` says how busy the machine was.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
OURS = HERE / "pipeline_study" / "daemon.py"
PEERS = {"river_paho": HERE / "peers" / "river_paho.py", "socket_runner": HERE / "peers" / "socket_runner.py"}
WARM = 0.1
"""The share of a stream that is left out at its beginning."""


@contextmanager
def broker(folder: Path) -> Iterator[int]:
    """Run Mosquitto on a free port."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        sys.exit("mosquitto is missing: apt-get install mosquitto")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = "allow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0\nlog_type error\n"
    (folder / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\n{settings}")
    process = subprocess.Popen([program, "-c", str(folder / "mosquitto.conf")])
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def run(script: Path, windows: int, per_s: float) -> dict[str, Any]:
    """Let one side work, and return what was seen of it."""
    with tempfile.TemporaryDirectory() as name, broker(Path(name)) as port:
        seen = subprocess.Popen(
            [sys.executable, str(HERE / "pipeline_study" / "subscriber.py"), str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert seen.stdin is not None
        assert seen.stdout is not None
        assert seen.stdout.readline() == "ready\n"
        # The first windows are not whole, so there are three blocks more than predictions.
        command = [sys.executable, str(script), name, str(port), str(windows + 3), str(per_s)]
        subprocess.run(command, check=True)
        wait_for(seen, windows)
        told, _ = seen.communicate("stop\n", timeout=60)
        measured: dict[str, Any] = json.loads((Path(name) / "measured.json").read_text())
    arrived = {int(t_ns): int(at_ns) for t_ns, at_ns in (line.split() for line in told.splitlines())}
    return {**measured, "arrived": arrived, "windows": windows}


def wait_for(seen: subprocess.Popen[str], windows: int) -> None:
    """Wait until so many records have arrived, or none any more for ten seconds."""
    assert seen.stdin is not None
    assert seen.stdout is not None
    came, since = 0, time.monotonic()
    while came < windows and time.monotonic() < since + 10:
        seen.stdin.write("count\n")
        seen.stdin.flush()
        now = int(seen.stdout.readline())
        if now > came:
            came, since = now, time.monotonic()
        time.sleep(0.1)


def delays_ms(seen: dict[str, Any]) -> Any:
    """Return how long each record took from its last sample to the subscriber, the first tenth left out."""
    sent = seen["sent"][round(WARM * len(seen["sent"])) :]
    return np.array([(seen["arrived"][t_ns] - at_ns) / 1e6 for t_ns, at_ns in sent if t_ns in seen["arrived"]])


def windows_per_s(seen: dict[str, Any]) -> float:
    """Return the rate from the tenth of the stream on to its last arrival."""
    times = np.sort(np.array(list(seen["arrived"].values())))[round(WARM * len(seen["arrived"])) :]
    return round(float((len(times) - 1) / ((times[-1] - times[0]) / 1e9)), 1)


def measure(script: Path, *, paced: int, free: int) -> dict[str, Any]:
    """Measure one side."""
    slow, fast = run(script, paced, 100.0), run(script, free, 0.0)
    p50, p99, p999 = np.percentile(delays_ms(slow), [50, 99, 99.9]).round(3).tolist()
    settled = fast["rss_mb"][len(fast["rss_mb"]) // 10 :]
    return {
        "windows_per_s": windows_per_s(fast),
        "p50_ms": p50,
        "p99_ms": p99,
        "p999_ms": p999,
        "rss_mb": round(max(slow["peak_mb"], fast["peak_mb"]), 1),
        "cpu_us_per_window": round(fast["cpu_us"], 1),
        "cpu_us_per_window_at_100": round(slow["cpu_us"], 1),
        "rss_growth_percent": round(100 * (settled[-1] / settled[0] - 1), 2),
        "lost": slow["windows"] - len(slow["arrived"]) + fast["windows"] - len(fast["arrived"]),
    }


def main() -> None:
    """Measure all sides, and print one object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paced", type=int, default=2000, help="windows at 100 a second")
    parser.add_argument("--free", type=int, default=86_400, help="windows as fast as they go: a day's")
    parser.add_argument("--peer-free", type=int, default=5000, help="the same for the peers")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    ours = measure(OURS, paced=options.paced, free=options.free)
    result = {"benchmark": "pipeline", **ours, "day_windows": options.free}
    for name, script in {} if options.no_peers else PEERS.items():
        peer = measure(script, paced=options.paced, free=options.peer_free)
        result |= {f"{name}_{key}": value for key, value in peer.items() if key != "rss_growth_percent"}
        result[f"ratio_{name}"] = round(ours["windows_per_s"] / peer["windows_per_s"], 3)
    print(json.dumps({**result, "load_average": round(os.getloadavg()[1], 2), "processors": os.cpu_count()}))


if __name__ == "__main__":
    main()
