"""An accelerator that goes on when its overlay does not: reset once, then the reference with the same bits.

The overlay is what serves. When it hangs, answers rubbish or is not the right one, it is opened and loaded anew, once,
and must pass a self-test; if that fails too, a standby takes over within the same inference, and every so often the
overlay is tried again. It returns when it passes the self-test.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import structlog

from edge_runtime.accelerator.base import Accelerator, Inference
from edge_runtime.accelerator.reference import ReferenceAccelerator
from edge_runtime.accelerator.samples import sample_inputs
from edge_runtime.boards import Board
from edge_runtime.compiler.program import Program
from edge_runtime.errors import AcceleratorError, BusError, MismatchError
from edge_runtime.model.head import QuantizedHead

__all__ = ["FailoverAccelerator", "Serving", "run_deadline_s"]

_log = structlog.get_logger()
_SELF_TEST_SAMPLES = 2
# A simulation makes tens of thousands of cycles a second at the very least, however busy the computer is.
_SIMULATED_HZ = 20e3
_SIMULATED_SLACK_S = 10.0
_BOARD_SLACK_S = 0.25
_MARGIN = 10

Serving = Literal["overlay", "standby"]


def run_deadline_s(board: Board, cycles: int) -> float:
    """Return how long a run of so many cycles may take on a board before its engine counts as hanging, in seconds."""
    if board.bus == "verilator":
        return _SIMULATED_SLACK_S + cycles / _SIMULATED_HZ
    return _BOARD_SLACK_S + _MARGIN * cycles / board.clock_hz


class FailoverAccelerator(Accelerator):
    """Serves from an overlay while that works, and from the reference interpreter while it does not.

    Parameters
    ----------
    open_overlay
        Opens the overlay's accelerator, here and whenever it is tried again.
    retry_s
        Seconds from a failure to the next try of the overlay; doubles with each failed try.
    longest_retry_s
        The most that it becomes.
    on_switch
        Told of every switch: what serves from now on, and why. By default it is logged.
    clock
        Seconds that only grow.

    Attributes
    ----------
    serving
        ``overlay`` or ``standby``.
    failures, resets
        How often the overlay failed, and how often a reset mended it.
    """

    def __init__(
        self,
        open_overlay: Callable[[], Accelerator],
        *,
        retry_s: float = 5.0,
        longest_retry_s: float = 60.0,
        on_switch: Callable[[Serving, str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_overlay = open_overlay
        self._overlay: Accelerator | None = None
        self._standby = ReferenceAccelerator()
        self._program: Program | None = None
        self._head: QuantizedHead | None = None
        self._on_switch = on_switch or _log_switch
        self._clock = clock
        self._first_retry_s = self._retry_s = retry_s
        self._longest_retry_s = max(retry_s, longest_retry_s)
        self._retry_at = 0.0
        self.serving: Serving = "overlay"
        self.failures = self.resets = 0

    def load(self, program: Program) -> None:  # noqa: D102 - as the base says
        self._standby.load(program)
        self._program, self._head = program, None
        if self._overlay is not None:
            self._guarded(lambda overlay: overlay.load(program))
        elif self.serving == "overlay":
            self._bring_up()

    def infer(self, inputs: Sequence[npt.NDArray[Any]]) -> Inference:  # noqa: D102 - as the base says
        if self.serving == "standby" and self._program is not None and self._clock() >= self._retry_at:
            self._try_to_return()
        inference = self._guarded(lambda overlay: self._infer_on(overlay, inputs))
        return self._standby.infer(inputs) if inference is None else inference

    def load_head(  # noqa: D102 - as the base says
        self, head: QuantizedHead, *, probes: npt.NDArray[np.int8] | None = None
    ) -> None:
        self._standby.load_head(head)
        self._head = head
        self._guarded(lambda overlay: overlay.load_head(head, probes=probes))

    def close(self) -> None:  # noqa: D102 - as the base says
        self._drop()
        self._standby.close()

    def _infer_on(self, overlay: Accelerator, inputs: Sequence[npt.NDArray[Any]]) -> Inference:
        """Run the overlay; its cycle count, which is known beforehand, shows a bus that answers rubbish."""
        inference = overlay.infer(inputs)
        if self._program is not None and inference.cycles != self._program.cycles:
            raise BusError(
                f"{inference.cycles} cycles were counted in place of {self._program.cycles}; the answers are rubbish"
            )
        return inference

    def _guarded(self, call: Callable[[Accelerator], Any]) -> Any:
        """Have the overlay do something; after a failure again, on a fresh one; None if it serves no more."""
        if self._overlay is None:
            return None
        try:
            return call(self._overlay)
        except AcceleratorError as error:
            self.failures += 1
            if not self._bring_up(why=str(error)):
                return None
        self.resets += 1
        try:
            return call(self._overlay)
        except AcceleratorError as error:
            self._fall_back(str(error))
            return None

    def _bring_up(self, why: str = "") -> bool:
        """Open and load the overlay anew; fall back if that fails."""
        try:
            self._open()
        except AcceleratorError as error:
            self._fall_back(f"{why}; after a reset: {error}" if why else str(error))
            return False
        return True

    def _try_to_return(self) -> None:
        try:
            self._open()
        except AcceleratorError:
            self._drop()
            self._retry_s = min(2 * self._retry_s, self._longest_retry_s)
            self._retry_at = self._clock() + self._retry_s
            return
        self.serving, self._retry_s = "overlay", self._first_retry_s
        self._on_switch("overlay", "it passed its self-test")

    def _open(self) -> None:
        """Open the overlay, load what should be in it, and test it."""
        self._drop()
        self._overlay = self._open_overlay()
        if self._program is not None:
            self._overlay.load(self._program)
            if self._head is not None:
                self._overlay.load_head(self._head)
            self._self_test(self._overlay, self._program)

    def _self_test(self, overlay: Accelerator, program: Program) -> None:
        for inputs in sample_inputs(program.graph, _SELF_TEST_SAMPLES, seed=0):
            got, expected = self._infer_on(overlay, inputs), self._standby.infer(inputs)
            if not all(np.array_equal(one, other) for one, other in zip(got.outputs, expected.outputs, strict=True)):
                raise MismatchError(
                    f"{program.name}: the overlay fails its self-test: its outputs are not the reference's"
                )

    def _fall_back(self, why: str) -> None:
        self._drop()
        self._retry_at = self._clock() + self._retry_s
        self.serving = "standby"
        self._on_switch("standby", why)

    def _drop(self) -> None:
        if self._overlay is not None:
            overlay, self._overlay = self._overlay, None
            try:
                overlay.close()
            except AcceleratorError as error:
                _log.warning("overlay_not_closed", error=str(error))


def _log_switch(serving: Serving, why: str) -> None:
    _log.warning("accelerator_switched", serving=serving, why=why)
