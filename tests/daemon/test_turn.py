from __future__ import annotations

import time
from collections import deque
from typing import Any

import pytest

from edge_runtime.accelerator import ReferenceAccelerator
from edge_runtime.daemon import run_pipelines
from edge_runtime.daemon.recorder import Recorder
from edge_runtime.daemon.step import Step
from edge_runtime.daemon.turn import LONGEST_S, take_turn
from edge_runtime.errors import DeadlineError
from edge_runtime.features import FeatureComputer, compute_recording
from edge_runtime.stream import Block
from edge_runtime.telemetry import MemorySink
from support import daemon


def parts(accelerator: Any = None) -> tuple[FeatureComputer, Step, deque[tuple[Block, float]]]:
    deployed, recording = daemon.deployment(), daemon.recording()
    step = Step(deployed.network, accelerator or ReferenceAccelerator(), deployed.program, recorder=Recorder("p"))
    computer = FeatureComputer(daemon.VIEW, recording.rate_hz, recording.channels)
    return computer, step, deque((block, time.perf_counter()) for block in recording.blocks(10))


def test_a_turn_takes_all_that_waits_and_no_turn_changes_what_is_found() -> None:
    wanted = [window.end_ns for window in compute_recording(daemon.VIEW, daemon.recording())]
    computer, step, waiting = parts()
    found, blocks, computed = [], len(waiting), deque[Any]()
    while waiting or computed:
        was = len(computed)
        turn = take_turn(computer, step, waiting, computed=computed)
        assert len(turn.blocks) == (0 if was else blocks)
        assert turn.error is None
        assert [told[-1]["t_ns"] for _, told in turn.windows] == [window.end_ns for window, _ in turn.windows]
        found += [window.end_ns for window, _ in turn.windows]
    assert found == wanted


def test_a_turn_that_takes_long_ends_so_that_what_is_found_is_told() -> None:
    class Slow(ReferenceAccelerator):
        def infer(self, inputs: Any) -> Any:
            time.sleep(2 * LONGEST_S)
            return super().infer(inputs)

    computer, step, waiting = parts(Slow())
    block, computed = waiting[-1], deque[Any]()
    first = take_turn(computer, step, waiting, computed=computed)
    assert len(first.windows) == 1
    assert not waiting
    waiting.append(block)
    left = len(computed)
    second = take_turn(computer, step, waiting, computed=computed)
    assert len(second.windows) == 1
    assert len(computed) == left - 1
    assert len(waiting) == 1  # no block is taken before all windows of the others are told


def test_each_window_s_delay_counts_from_the_block_that_completed_it() -> None:
    computer, step, waiting = parts()
    ends = [int(block.t_ns[-1]) for block, _ in waiting]
    numbered = deque((block, float(number)) for number, (block, _) in enumerate(waiting))
    computed: deque[Any] = deque()
    turn = take_turn(computer, step, numbered, computed=computed)
    assert turn.windows[0][0].end_ns < (computed or turn.windows)[-1][0].end_ns
    for window, received in computed:
        assert ends[int(received)] >= window.end_ns
        assert received == 0 or ends[int(received) - 1] < window.end_ns


def test_what_was_found_before_an_error_comes_with_it() -> None:
    computer, step, waiting = parts(daemon.StubbornAccelerator(DeadlineError("late"), fail_at=3))
    found, error, computed = 0, None, deque[Any]()
    while (waiting or computed) and error is None:
        turn = take_turn(computer, step, waiting, computed=computed)
        found, error = found + len(turn.windows), turn.error
    assert found == 3
    assert isinstance(error, DeadlineError)


@pytest.mark.anyio
async def test_blocks_that_come_fast_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    # However slow the machine is, no turn takes too long.
    monkeypatch.setattr("edge_runtime.daemon.turn.LONGEST_S", 3600.0)

    class Counting(MemorySink):
        puts = 0

        async def put(self, records: Any) -> None:
            self.puts += 1
            await super().put(records)

    sink, stream = Counting(), daemon.source(40)
    await run_pipelines(stream, [daemon.pipeline("p", stream, sinks={"m": sink})])
    predictions = [record for record in sink.records if record["kind"] == "prediction"]
    assert len(predictions) == len(compute_recording(daemon.VIEW, daemon.recording(40)))
    assert [record["t_ns"] for record in predictions] == sorted(record["t_ns"] for record in predictions)
    assert sink.puts < len(predictions) / 2
