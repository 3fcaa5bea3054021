"""Several networks on one overlay: the same bits for each, fair turns, and failures told to whom they meet."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edge_runtime.accelerator import Inference, OverlayAccelerator, ReferenceAccelerator, SharedOverlay
from edge_runtime.accelerator.bus import VerilatorBus
from edge_runtime.accelerator.shared import LONGEST_HOLD
from edge_runtime.compiler import Program, compile_model
from edge_runtime.errors import AcceleratorError, BusError, FitError
from edge_runtime.model import Interpreter, QuantizedHead, apply_head
from support.networks import dense_network
from support.overlays import SMALL, TINY

ONE = compile_model(dense_network([12, 20, 3], seed=1), SMALL, name="one")
TWO = compile_model(dense_network([9, 8, 8, 5], seed=2), SMALL, name="two")


def inputs(program: Program, count: int, seed: int = 5) -> np.ndarray:
    tensor = program.graph.tensors[program.graph.inputs[0]]
    return np.random.default_rng(seed).integers(-128, 128, (count, *tensor.shape)).astype(np.int8)


def test_networks_in_turn_on_one_simulated_overlay_give_the_references_bits() -> None:
    shared = SharedOverlay(lambda: OverlayAccelerator(VerilatorBus(SMALL)))
    tenants = {name: shared.tenant(name, deadline_s=600) for name in ("one", "two")}
    programs = {"one": ONE, "two": TWO}
    for name, tenant in tenants.items():
        tenant.load(programs[name])
    mismatches = compared = 0
    values = {name: inputs(program, 20) for name, program in programs.items()}
    for number in range(20):
        for name, tenant in tenants.items():
            wanted = Interpreter(programs[name].graph, programs[name].rounding).run([values[name][number]])[0]
            got = tenant.infer([values[name][number]])
            assert got.cycles == programs[name].cycles
            compared += wanted.size
            mismatches += int(np.count_nonzero(got.outputs[0] != wanted))
    assert (mismatches, compared) == (0, 20 * (3 + 5))
    counts = shared.counts
    assert (counts.opened, counts.tenants["one"].jobs, counts.tenants["two"].jobs) == (1, 21, 21)
    # They lie side by side: nothing is swapped (tests/accelerator/test_side_by_side.py).
    assert (counts.swaps, counts.loaded) == (0, ("one", "two"))
    for tenant in tenants.values():
        tenant.close()


def test_a_learned_head_comes_back_with_its_network() -> None:
    random = np.random.default_rng(3)
    head = QuantizedHead(random.integers(-127, 128, (3, 20)).astype(np.int8), np.zeros(3, np.int32), 0.01, 2.0, 4)
    shared = SharedOverlay(ReferenceAccelerator)  # which has room for one
    with shared.tenant("one", deadline_s=600) as one, shared.tenant("two", deadline_s=600) as two:
        one.load(ONE)
        one.load_head(head)
        two.load(TWO)
        two.infer([inputs(TWO, 1)[0]])
        learned = Interpreter(apply_head(ONE.graph, head), ONE.rounding)
        for values in inputs(ONE, 5):
            assert np.array_equal(one.infer([values]).outputs[0], learned.run([values])[0])
        assert shared.counts.swaps == 2
        one.load(ONE)
        own = Interpreter(ONE.graph, ONE.rounding)
        assert np.array_equal(one.infer([values]).outputs[0], own.run([values])[0])


class Clock:
    """Stands in for the clock: only the overlay's own work takes time."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now


class Slow(ReferenceAccelerator):
    """The reference, which takes its time to load and to run."""

    load_s, run_s = 0.02, 0.002

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def load(self, program: Program) -> None:
        self._clock.now += self.load_s
        super().load(program)

    def infer(self, inputs: Sequence[np.ndarray]) -> Inference:
        self._clock.now += self.run_s
        return super().infer(inputs)


def test_two_that_are_always_busy_get_the_same_share_and_swap_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("edge_runtime.accelerator.shared.time", clock)
    shared = SharedOverlay(lambda: Slow(clock))
    end = threading.Event()

    def work(name: str, program: Program) -> int:
        done = 0
        with shared.tenant(name, deadline_s=1) as tenant:
            tenant.load(program)
            values = inputs(program, 1)[0]
            while not end.is_set():
                tenant.infer([values])
                done += 1
        return done

    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(work, name, program) for name, program in (("one", ONE), ("two", TWO))]
        while shared.counts.swaps < 20:
            time.sleep(0.01)
        end.set()
        one, two = (answer.result() for answer in answers)
    assert min(one, two) > 0.5 * max(one, two)
    # Each turn is some runs long, and no turn is longer than it may be.
    assert (one + two) / shared.counts.swaps > 4
    assert (one + two) / shared.counts.swaps < 3 * LONGEST_HOLD * Slow.load_s / Slow.run_s


class Broken(ReferenceAccelerator):
    """The reference, which fails at the second network's run."""

    def infer(self, inputs: Sequence[np.ndarray]) -> Inference:
        if inputs[0].size == 9:
            raise BusError("nothing answers")
        return super().infer(inputs)


def test_a_failure_is_told_to_whom_it_met_and_the_next_job_finds_a_fresh_overlay() -> None:
    shared = SharedOverlay(Broken)
    with shared.tenant("one", deadline_s=1) as one, shared.tenant("two", deadline_s=1) as two:
        one.load(ONE)
        two.load(TWO)
        with pytest.raises(BusError, match="nothing answers"):
            two.infer([inputs(TWO, 1)[0]])
        one.infer([inputs(ONE, 1)[0]])
        assert shared.counts.opened == 2


def test_what_the_caller_gave_wrong_is_no_failure_of_the_overlay() -> None:
    shared = SharedOverlay(lambda: OverlayAccelerator(VerilatorBus(SMALL)))
    other = compile_model(dense_network([12, 20, 3], seed=1), TINY, name="other")
    with shared.tenant("one", deadline_s=600) as one, shared.tenant("two", deadline_s=600) as two:
        one.load(ONE)
        with pytest.raises(FitError, match="compiled for overlay"):
            two.load(other)
        one.infer([inputs(ONE, 1)[0]])
        assert shared.counts.opened == 1


def test_each_network_runs_under_its_own_deadline() -> None:
    deadlines = []

    class Watched(ReferenceAccelerator):
        def infer(self, inputs: Sequence[np.ndarray]) -> Inference:
            deadlines.append(self.deadline_s)
            return super().infer(inputs)

    shared = SharedOverlay(Watched)
    with shared.tenant("one", deadline_s=1) as one, shared.tenant("two", deadline_s=5) as two:
        one.load(ONE)
        two.load(TWO)
        for tenant, program in ((one, ONE), (two, TWO), (one, ONE)):
            tenant.infer([inputs(program, 1)[0]])
    assert deadlines == [1, 5, 1]


def test_the_last_to_leave_closes_the_overlay_and_the_next_to_come_opens_it() -> None:
    opened: list[ReferenceAccelerator] = []

    class Watched(ReferenceAccelerator):
        closed = False

        def close(self) -> None:
            self.closed = True

    def opens() -> Watched:
        assert all(one.closed for one in opened)
        opened.append(Watched())
        return opened[-1]

    shared = SharedOverlay(opens)
    for _ in range(3):
        with shared.tenant("one", deadline_s=1) as tenant:
            tenant.load(ONE)
        with pytest.raises(AcceleratorError, match="given up"):
            tenant.infer([inputs(ONE, 1)[0]])
    assert len(opened) == 3
    assert all(one.closed for one in opened)
