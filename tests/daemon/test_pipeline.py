from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import anyio
import anyio.lowlevel
import numpy as np
import pytest

from edge_runtime.accelerator import CheckedAccelerator, Inference, ReferenceAccelerator
from edge_runtime.daemon import DelayedTruth, run_pipelines
from edge_runtime.daemon.build import build_learning
from edge_runtime.daemon.run import Stream, run_streams
from edge_runtime.errors import AcceleratorError, DataError, DeadlineError
from edge_runtime.features import compute_recording
from edge_runtime.sources import RecordedSource
from edge_runtime.stream import Recording
from edge_runtime.telemetry import MemorySink
from support import daemon

pytestmark = pytest.mark.anyio


def kinds(sink: MemorySink) -> Counter[str]:
    return Counter(record["kind"] for record in sink.records)


def predictions(sink: MemorySink) -> list[dict[str, Any]]:
    return [record for record in sink.records if record["kind"] == "prediction"]


def learning_from_truth(deployed: Any, stream: RecordedSource, *, delay_s: float = 3.0) -> Any:
    classes = {name: index for index, name in enumerate(daemon.CLASSES)}
    return build_learning(deployed.network, DelayedTruth(stream.recording, classes, delay_s=delay_s))


async def test_every_window_becomes_a_prediction_that_the_reference_gives_too() -> None:
    sink, stream = MemorySink(), daemon.source()
    pipeline = daemon.pipeline("p", stream, sinks={"memory": sink})
    await run_pipelines(stream, [pipeline])
    windows = compute_recording(daemon.VIEW, daemon.recording())
    told = predictions(sink)
    assert [record["t_ns"] for record in told] == [window.end_ns for window in windows]
    assert [record["window"] for record in told] == [window.index for window in windows]
    report = pipeline.report()
    assert report.inferences == report.windows == len(windows)
    assert report.mismatches == 0
    assert report.compared == len(windows) * (2 + 16)
    assert told[0]["name"] == daemon.CLASSES[told[0]["index"]]
    assert told[0]["outputs"][told[0]["index"]] == max(told[0]["outputs"])


async def test_records_have_ids_of_their_own_and_the_status_comes_last() -> None:
    sink, stream = MemorySink(), daemon.source()
    await run_pipelines(stream, [daemon.pipeline("p", stream, sinks={"memory": sink})])
    ids = [record["id"] for record in sink.records]
    assert len(set(ids)) == len(ids)
    assert sink.records[-1]["kind"] == "status"
    assert sink.records[-1]["inferences"] == len(predictions(sink))
    assert all(record["pipeline"] == "p" for record in sink.records)


@pytest.mark.parametrize("block_size", [1, 7, 50, 1000])
async def test_the_blocks_do_not_change_what_is_predicted(block_size: int) -> None:
    sink, stream = MemorySink(), daemon.source(block_size=block_size)
    await run_pipelines(stream, [daemon.pipeline("p", stream, sinks={"memory": sink})])
    windows = compute_recording(daemon.VIEW, daemon.recording())
    assert len(predictions(sink)) == len(windows)


async def test_two_pipelines_see_the_same_stream() -> None:
    stream = daemon.source()
    one, two = MemorySink(), MemorySink()
    pipelines = [daemon.pipeline("one", stream, sinks={"m": one}), daemon.pipeline("two", stream, sinks={"m": two})]
    await run_pipelines(stream, pipelines)
    assert [r["outputs"] for r in predictions(one)] == [r["outputs"] for r in predictions(two)]


async def test_learning_from_late_labels_changes_the_head_and_every_output_stays_the_references() -> None:
    deployed, sink = daemon.deployment(), MemorySink()
    stream = RecordedSource(daemon.recording(60), block_size=10)
    learning = learning_from_truth(deployed, stream)
    pipeline = daemon.pipeline("p", stream, deployed=deployed, sinks={"m": sink}, learning=learning)
    await run_pipelines(stream, [pipeline])
    report = pipeline.report()
    assert report.mismatches == 0
    assert report.labels["accepted"] > 100
    assert report.decisions["promote"] >= 1
    assert report.serving != "frozen"
    heads = [record for record in sink.records if record["kind"] == "head"]
    assert heads[0]["decision"] == "promote"
    # The promoted head serves from the very next prediction on.
    at = sink.records.index(heads[0])
    after = next(record for record in sink.records[at:] if record["kind"] == "prediction")
    assert after["head"] == heads[0]["head"]
    late = [record["served_right"] for record in sink.records if record["kind"] == "label"][-50:]
    assert np.mean(late) > 0.9


async def test_a_label_is_learnt_before_the_first_prediction_after_it_is_due() -> None:
    deployed, sink = daemon.deployment(), MemorySink()
    stream = RecordedSource(daemon.recording(6), block_size=10)
    learning = learning_from_truth(deployed, stream, delay_s=2.5)
    await run_pipelines(stream, [daemon.pipeline("p", stream, deployed=deployed, sinks={"m": sink}, learning=learning)])
    made = {record["prediction"]: record["t_ns"] for record in predictions(sink)}
    labels = [record for record in sink.records if record["kind"] == "label"]
    assert labels
    # Windows end a second apart, so that a label that is 2.5 s late is seen by the third window after its own.
    assert {record["t_ns"] - made[record["prediction"]] for record in labels} == {3_000_000_000}


async def test_the_same_stream_gives_the_same_records_every_time() -> None:
    def told(sink: MemorySink) -> list[dict[str, Any]]:
        changing = {"id", "latency_ms", "windows_per_s", "p50_ms", "p99_ms", "max_ms", "sinks"}
        return [{key: value for key, value in r.items() if key not in changing} for r in sink.records]

    runs = []
    for _ in range(2):
        deployed, sink = daemon.deployment(), MemorySink()
        stream = RecordedSource(daemon.recording(20), block_size=10)
        learning = learning_from_truth(deployed, stream)
        await run_pipelines(
            stream, [daemon.pipeline("p", stream, deployed=deployed, sinks={"m": sink}, learning=learning)]
        )
        runs.append(told(sink))
    assert runs[0] == runs[1]


async def test_windows_that_are_not_whole_are_left_out_and_counted() -> None:
    whole = daemon.recording()
    samples = whole.samples.copy()
    samples[100, 0] = np.nan
    stream = RecordedSource(Recording(whole.t_ns, samples, whole.channels, whole.rate_hz), block_size=10)
    sink = MemorySink()
    pipeline = daemon.pipeline("p", stream, sinks={"m": sink})
    await run_pipelines(stream, [pipeline])
    report = pipeline.report()
    assert report.skipped == 2
    assert report.inferences == len(compute_recording(daemon.VIEW, whole)) - 2
    assert sink.records[-1]["skipped"] == 2


async def test_a_wrong_accelerator_is_found_out() -> None:
    stream = daemon.source()
    deployed = daemon.deployment(lambda: CheckedAccelerator(daemon.WrongAccelerator()))
    pipeline = daemon.pipeline("p", stream, deployed=deployed)
    await run_pipelines(stream, [pipeline])
    report = pipeline.report()
    assert report.mismatches == report.inferences


async def test_a_failing_accelerator_is_told_closed_and_raised() -> None:
    accelerator = daemon.StubbornAccelerator(DeadlineError("the engine did not finish"), fail_at=3)
    stream, sink = daemon.source(), MemorySink()
    pipeline = daemon.pipeline("p", stream, deployed=daemon.deployment(lambda: accelerator), sinks={"m": sink})
    with pytest.raises(DeadlineError, match="the engine did not finish"):
        await run_pipelines(stream, [pipeline])
    assert accelerator.closed
    assert kinds(sink) == {"prediction": 3, "event": 1, "status": 1}
    event = next(record for record in sink.records if record["kind"] == "event")
    assert (event["event"], event["error"], event["message"]) == (
        "failed",
        "DeadlineError",
        "the engine did not finish",
    )


async def test_one_failing_pipeline_ends_and_the_others_go_on_to_the_end() -> None:
    accelerator = daemon.StubbornAccelerator(AcceleratorError("broken"), fail_at=5)
    stream = daemon.source(100)
    good = MemorySink()
    pipelines = [
        daemon.pipeline("bad", stream, deployed=daemon.deployment(lambda: accelerator)),
        daemon.pipeline("good", stream, sinks={"m": good}),
    ]
    with pytest.raises(AcceleratorError, match="broken"):
        await run_pipelines(stream, pipelines)
    whole = len(compute_recording(daemon.VIEW, daemon.recording(100)))
    assert pipelines[1].report().inferences == kinds(good)["prediction"] == whole
    assert pipelines[0].report().inferences == 5


async def test_an_accelerator_that_does_not_open_is_raised() -> None:
    def fail() -> Any:
        raise AcceleratorError("nothing answers")

    stream, sink = daemon.source(), MemorySink()
    pipeline = daemon.pipeline("p", stream, deployed=daemon.deployment(fail), sinks={"m": sink})
    with pytest.raises(AcceleratorError, match="nothing answers"):
        await run_pipelines(stream, [pipeline])
    assert kinds(sink) == {"event": 1, "status": 1}


async def test_a_source_that_nobody_reads_any_more_is_closed_though_it_brings_nothing() -> None:
    class Silent(RecordedSource):
        closed = False

        async def blocks(self) -> Any:
            async for block in super().blocks():
                yield block
            await anyio.sleep_forever()

        async def aclose(self) -> None:
            await super().aclose()
            self.closed = True

    def fail() -> Any:
        raise AcceleratorError("nothing answers")

    stream = Silent(daemon.recording(), block_size=10)
    with pytest.raises(AcceleratorError, match="nothing answers"):
        await run_pipelines(stream, [daemon.pipeline("p", stream, deployed=daemon.deployment(fail))])
    assert stream.closed


async def test_a_source_that_fails_takes_only_its_own_pipelines_along() -> None:
    class Broken(RecordedSource):
        async def blocks(self) -> Any:
            raise DataError("the sensor speaks nonsense")
            yield

    broken, whole = Broken(daemon.recording(), block_size=10), daemon.source()
    one, two = daemon.pipeline("one", broken), daemon.pipeline("two", whole)
    with pytest.raises(DataError, match="the sensor speaks nonsense"):
        await run_streams([Stream(broken, (one,)), Stream(whole, (two,))])
    assert one.report().inferences == 0
    assert two.report().inferences == len(compute_recording(daemon.VIEW, daemon.recording()))


async def test_a_source_that_fails_is_raised_and_what_was_told_is_written() -> None:
    class Broken(RecordedSource):
        async def blocks(self) -> Any:
            number = 0
            async for block in super().blocks():
                if number == 5:
                    raise DataError("the sensor speaks nonsense")
                number += 1
                yield block

    stream, sink = Broken(daemon.recording(), block_size=10), MemorySink()
    pipeline = daemon.pipeline("p", stream, sinks={"m": sink})
    with pytest.raises(DataError, match="the sensor speaks nonsense"):
        await run_pipelines(stream, [pipeline])
    assert pipeline.report().inferences == kinds(sink)["prediction"]


async def test_a_broken_sink_loses_records_and_nothing_else() -> None:
    stream, good, broken = daemon.source(), MemorySink(), MemorySink(broken=True)
    pipeline = daemon.pipeline("p", stream, sinks={"good": good, "broken": broken})
    await run_pipelines(stream, [pipeline])
    counts = {sink.sink: sink for sink in pipeline.report().sinks}
    assert counts["good"].lost == 0
    assert counts["good"].acknowledged == counts["broken"].failed == len(good.records)


async def test_the_loop_goes_on_while_the_accelerator_works() -> None:
    began, may_end = threading.Event(), threading.Event()

    class Slow(ReferenceAccelerator):
        def infer(self, inputs: Sequence[np.ndarray]) -> Inference:
            began.set()
            may_end.wait()
            return super().infer(inputs)

    stream = daemon.source()
    pipeline = daemon.pipeline("p", stream, deployed=daemon.deployment(Slow))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_pipelines, stream, [pipeline])
        while not began.is_set():
            await anyio.lowlevel.checkpoint()
        assert pipeline.report().inferences == 0
        may_end.set()
    assert pipeline.report().inferences > 0


async def test_a_cancelled_daemon_leaves_at_once() -> None:
    stream = RecordedSource(daemon.recording(), block_size=10, pace=0.001)
    sink = MemorySink()
    with anyio.move_on_after(0.2) as scope:
        await run_pipelines(stream, [daemon.pipeline("p", stream, sinks={"m": sink})])
    assert scope.cancelled_caught
