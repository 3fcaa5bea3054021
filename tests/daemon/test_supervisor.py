"""Stages that really fail: started again, given up, gone on without."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest

from edge_runtime.accelerator import CheckedAccelerator, Inference, ReferenceAccelerator
from edge_runtime.daemon import load_device, run_pipelines
from edge_runtime.daemon.build import build_learning
from edge_runtime.daemon.labels import DelayedTruth
from edge_runtime.daemon.run import Stream, run_streams
from edge_runtime.daemon.supervisor import Policy, Stage
from edge_runtime.errors import AcceleratorError, ConfigError, DeadlineError, SinkError, StateError
from edge_runtime.features import FeatureComputer, compute_recording
from edge_runtime.sources import RecordedSource
from edge_runtime.telemetry import MemorySink
from support import daemon
from support.device import write_pipeline
from support.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

WINDOWS = [window.index for window in compute_recording(daemon.VIEW, daemon.recording())]


def policy(then: Any = "degrade", **numbers: Any) -> Policy:
    return Policy(**{"restarts": 3, "first_wait_s": 0.001, "longest_wait_s": 0.004, "then": then, **numbers})


def stages(*names: str, then: Any = "degrade", **numbers: Any) -> dict[str, Stage]:
    return {name: Stage(name, policy(then, **numbers)) for name in names}


def told(sink: MemorySink, kind: str = "prediction") -> list[dict[str, Any]]:
    return [record for record in sink.records if record["kind"] == kind]


class Failing(ReferenceAccelerator):
    """The reference, which fails so many times, each time at its third inference."""

    def __init__(self, failures: list[Exception]) -> None:
        super().__init__()
        self._failures = failures
        self._runs = 0

    def infer(self, inputs: Sequence[np.ndarray]) -> Inference:
        self._runs += 1
        if self._failures and self._runs == 3:
            raise self._failures.pop()
        return super().infer(inputs)


async def test_waits_grow_to_a_limit_with_jitter_and_old_failures_are_forgotten() -> None:
    now = 0.0
    stage = Stage("source", Policy(restarts=4, within_s=60, first_wait_s=1, longest_wait_s=4), clock=lambda: now)
    waits = [_wait(stage) for _ in range(4)]
    for seconds, longest in zip(waits, (1, 2, 4, 4), strict=True):
        assert longest / 2 <= seconds <= longest
    now = 61.0
    assert _wait(stage) <= 1
    for _ in range(3):
        _wait(stage)
    assert stage.failed(AcceleratorError("again")) is None
    assert (stage.state, stage.failures, stage.last_error) == ("stopped", 9, "again")


def _wait(stage: Stage) -> float:
    seconds = stage.failed(AcceleratorError("it does not answer"))
    assert seconds is not None
    assert stage.state == "waiting"
    return seconds


async def test_what_a_person_can_mend_ends_the_start_at_once() -> None:
    stage = Stage("service", policy())

    async def run() -> None:
        raise ConfigError("the port is taken")

    with pytest.raises(ConfigError, match="the port is taken"):
        await stage.keep(run)
    assert stage.state == "stopped"


async def test_a_task_that_fails_is_kept_running_and_given_up_in_the_end() -> None:
    stage, runs = Stage("service", policy()), 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        raise OSError("broken pipe")

    await stage.keep(run)
    assert (runs, stage.state, stage.failures, stage.restarts) == (4, "degraded", 4, 3)


async def test_an_accelerator_that_fails_now_and_then_is_opened_again_and_no_window_is_lost() -> None:
    failures: list[Exception] = [DeadlineError("hangs"), AcceleratorError("rubbish")]
    deployed = daemon.deployment(lambda: CheckedAccelerator(Failing(failures)))
    stream, sink, kept = daemon.source(), MemorySink(), stages("accelerator")
    pipeline = daemon.pipeline("p", stream, deployed=deployed, sinks={"m": sink}, stages=kept)
    await run_pipelines(stream, [pipeline])
    assert [record["window"] for record in told(sink)] == WINDOWS
    assert [record["prediction"] for record in told(sink)] == list(range(len(WINDOWS)))
    assert all(record["mismatches"] == 0 for record in told(sink))
    stage = kept["accelerator"]
    assert (stage.state, stage.failures, stage.restarts) == ("running", 2, 2)
    assert [record["event"] for record in told(sink, "event")] == ["restart", "restart"]


async def test_an_accelerator_that_is_given_up_is_replaced_by_the_reference() -> None:
    def opens() -> Any:
        raise AcceleratorError("nothing answers")

    stream, sink, kept = daemon.source(), MemorySink(), stages("accelerator")
    pipeline = daemon.pipeline("p", stream, deployed=daemon.deployment(opens), sinks={"m": sink}, stages=kept)
    await run_pipelines(stream, [pipeline])
    wanted, plain = MemorySink(), daemon.source()
    await run_pipelines(plain, [daemon.pipeline("p", plain, sinks={"m": wanted})])
    assert [record["outputs"] for record in told(sink)] == [record["outputs"] for record in told(wanted)]
    assert (kept["accelerator"].state, kept["accelerator"].failures) == ("degraded", 4)


async def test_where_the_policy_says_so_the_pipeline_stops() -> None:
    failures: list[Exception] = [AcceleratorError("rubbish") for _ in range(9)]
    stream, kept = daemon.source(), stages("accelerator", then="stop")
    pipeline = daemon.pipeline("p", stream, deployed=daemon.deployment(lambda: Failing(failures)), stages=kept)
    with pytest.raises(AcceleratorError, match="rubbish"):
        await run_pipelines(stream, [pipeline])
    assert (kept["accelerator"].state, kept["accelerator"].failures) == ("stopped", 4)


async def test_a_learner_that_cannot_write_is_left_and_the_head_serves_on(tmp_path: Path) -> None:
    class Full(DelayedTruth):
        def due(self, now_ns: int) -> Any:
            labels = super().due(now_ns)
            if labels:
                raise StateError("no space left on device")
            return labels

    deployed, sink, kept = daemon.deployment(), MemorySink(), stages("learner")
    stream = RecordedSource(daemon.recording(), block_size=10)
    classes = {name: index for index, name in enumerate(daemon.CLASSES)}
    feed = Full(stream.recording, classes, delay_s=3.0)
    learning = build_learning(deployed.network, feed, state=tmp_path / "state")
    pipeline = daemon.pipeline("p", stream, deployed=deployed, sinks={"m": sink}, learning=learning, stages=kept)
    await run_pipelines(stream, [pipeline])
    assert [record["window"] for record in told(sink)] == WINDOWS
    assert (kept["learner"].state, kept["learner"].last_error) == ("degraded", "no space left on device")
    numbers = [record["prediction"] for record in told(sink)]
    assert numbers == sorted(set(numbers))
    assert pipeline.learning_report() is None


async def test_a_view_that_fails_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    push_all = FeatureComputer.push_all
    lost: list[int] = []

    def fails(self: FeatureComputer, blocks: Any) -> Any:
        if any(block.sequence == 10 for block in blocks):
            lost.extend(t_ns for block in blocks for t_ns in block.t_ns.tolist())
            raise ValueError("singular matrix")
        return push_all(self, blocks)

    monkeypatch.setattr(FeatureComputer, "push_all", fails)
    stream, sink, kept = daemon.source(), MemorySink(), stages("features", then="stop")
    await run_pipelines(stream, [daemon.pipeline("p", stream, sinks={"m": sink}, stages=kept)])
    # Windows with a part in the lost blocks are missing; the first one after them comes when it is full again.
    windows = compute_recording(daemon.VIEW, daemon.recording())
    whole = {window.index for window in windows if not any(window.start_ns <= at <= window.end_ns for at in lost)}
    assert {record["window"] for record in told(sink)} == whole < set(WINDOWS)
    assert kept["features"].restarts == 1


async def test_a_source_that_fails_is_read_anew() -> None:
    class Broken(RecordedSource):
        failures = 2

        async def blocks(self) -> Any:
            if self.failures:
                self.failures -= 1
                raise OSError("the cable is out")
            async for block in super().blocks():
                yield block

    stream, sink = Broken(daemon.recording(), block_size=10), MemorySink()
    stage = Stage("source", policy("stop"))
    await run_streams([Stream(stream, (daemon.pipeline("p", stream, sinks={"m": sink}),), stage)])
    assert [record["window"] for record in told(sink)] == WINDOWS
    assert (stage.state, stage.restarts) == ("running", 2)


class BrokenSink(MemorySink):
    """Fails as a whole, so many times, when it is opened."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.left = failures

    async def __aenter__(self) -> Any:
        if self.left:
            self.left -= 1
            raise SinkError("the disk is read-only")
        return await super().__aenter__()


async def test_a_sink_that_fails_as_a_whole_is_opened_again() -> None:
    stream, sink = daemon.source(), BrokenSink(2)
    pipeline = daemon.pipeline("p", stream, sinks={"m": sink}, stages=stages("sinks"))
    await run_pipelines(stream, [pipeline])
    assert [record["window"] for record in told(sink)] == WINDOWS
    (status,) = pipeline.fanout.status().values()
    assert (status["stage"]["state"], status["stage"]["restarts"], status["failed"]) == ("running", 2, 0)


async def test_a_sink_that_is_given_up_costs_its_records_counted_and_nothing_else() -> None:
    stream, broken, good = daemon.source(), BrokenSink(99), MemorySink()
    pipeline = daemon.pipeline("p", stream, sinks={"broken": broken, "good": good}, stages=stages("sinks"))
    await run_pipelines(stream, [pipeline])
    status = pipeline.fanout.status()
    assert status["broken"]["stage"]["state"] == "degraded"
    assert status["broken"]["failed"] == status["good"]["acknowledged"] == len(good.records)
    assert [record["window"] for record in told(good)] == WINDOWS


async def test_nobody_waits_for_a_neighbour_that_is_to_be_started_again() -> None:
    # More blocks than a pipeline's queue and its turn hold.
    stream, good = daemon.source(40), MemorySink()
    windows = len(compute_recording(daemon.VIEW, daemon.recording(40)))
    failures: list[Exception] = [AcceleratorError("rubbish")]
    kept = stages("accelerator", first_wait_s=3600, longest_wait_s=3600)
    waiting = daemon.pipeline("w", stream, deployed=daemon.deployment(lambda: Failing(failures)), stages=kept)
    other = daemon.pipeline("o", stream, sinks={"m": good})
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_pipelines, stream, [waiting, other])
        with anyio.fail_after(DEADLINE_S):
            while len(told(good)) < windows:
                await anyio.sleep(0.005)
        assert (kept["accelerator"].state, waiting.is_serving) == ("waiting", False)
        tasks.cancel_scope.cancel()
    assert waiting.report().passed_over > 0


async def test_a_stream_that_shall_end_waits_for_no_restart() -> None:
    stream, sink = daemon.source(), MemorySink()
    failures: list[Exception] = [AcceleratorError("rubbish")]
    kept = stages("accelerator", first_wait_s=3600, longest_wait_s=3600)
    deployed = daemon.deployment(lambda: Failing(failures))
    pipeline = daemon.pipeline("p", stream, deployed=deployed, sinks={"m": sink}, stages=kept)
    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run_pipelines, stream, [pipeline])
            while kept["accelerator"].state != "waiting":
                await anyio.sleep(0.005)
            pipeline.hurry()
    assert [record["window"] for record in told(sink)] == WINDOWS


TABLE = '[supervisor]\nrestarts = 2\n[supervisor.accelerator]\nfirst_wait = "2 s"\nthen = "stop"\n'


def test_policies_stand_in_the_file(tmp_path: Path) -> None:
    supervisor = load_device(write_pipeline(tmp_path, "press", more=TABLE)).tables.supervisor
    assert supervisor.policy("accelerator") == Policy(2, 60.0, 2.0, 30.0, "stop")
    assert supervisor.policy("learner") == Policy(2, 60.0, 0.5, 30.0, "degrade")
    assert supervisor.policy("source").then == "stop"


def test_a_source_has_nothing_to_fall_back_to(tmp_path: Path) -> None:
    wrong = '[supervisor.source]\nthen = "degrade"\n'
    with pytest.raises(ConfigError, match=r'supervisor: source\.then: must be "stop"'):
        load_device(write_pipeline(tmp_path, "press", more=wrong))
