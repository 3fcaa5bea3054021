"""The overlay's engine hangs in the middle of a live stream: every window is answered, and soon."""

from __future__ import annotations

import time

import pytest

from edge_runtime.accelerator import CheckedAccelerator, FailoverAccelerator, OverlayAccelerator
from edge_runtime.accelerator.bus import EmulatedBus
from edge_runtime.boards import load_board
from edge_runtime.daemon import run_pipelines
from edge_runtime.features import compute_recording
from edge_runtime.sources import RecordedSource
from edge_runtime.telemetry import MemorySink
from support import daemon

pytestmark = pytest.mark.anyio

PACE = 4.0
HOP_S = 1.0 / PACE  # of the wall clock
RUNS_BEFORE = 8
DEADLINE_S = HOP_S / 5


class HangingBus(EmulatedBus):
    """An overlay whose engine, after so many runs in all, never ends one again."""

    runs = 0
    hung_s = 0.0

    def wait_interrupt(self, deadline_s: float) -> bool:
        type(self).runs += 1
        if self.runs > RUNS_BEFORE:
            type(self).hung_s += deadline_s
            time.sleep(deadline_s)
            return False
        return super().wait_interrupt(deadline_s)


async def test_no_window_is_without_a_prediction_and_the_switch_waits_less_than_two_hops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(HangingBus, "runs", 0)
    monkeypatch.setattr(HangingBus, "hung_s", 0.0)
    parameters = load_board("laptop_sim").overlay
    failover = FailoverAccelerator(
        lambda: OverlayAccelerator(HangingBus(parameters), deadline_s=DEADLINE_S), retry_s=60.0
    )
    recording, sink = daemon.recording(), MemorySink()
    stream = RecordedSource(recording, block_size=10, pace=PACE)
    deployed = daemon.deployment(lambda: CheckedAccelerator(failover))
    pipeline = daemon.pipeline("p", stream, deployed=deployed, sinks={"memory": sink})
    await run_pipelines(stream, [pipeline])

    windows = compute_recording(daemon.VIEW, recording)
    told = [record["window"] for record in sink.records if record["kind"] == "prediction"]
    assert told == [window.index for window in windows]
    assert (failover.serving, failover.failures) == ("standby", 1)
    assert len(windows) > RUNS_BEFORE, "it hung while the stream ran"
    assert (pipeline.report().compared > 0, pipeline.report().mismatches) == (True, 0)
    # What a window waits for the engine before the reference answers in its place, with the tries to mend it.
    assert 0 < HangingBus.hung_s < 2 * HOP_S
