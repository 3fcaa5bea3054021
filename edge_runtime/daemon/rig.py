"""What computes in a pipeline's thread: view, accelerator and learner, opened, exchanged and mended there."""

from __future__ import annotations

from collections import deque
from contextlib import suppress

from edge_runtime.daemon.engine import Computer, Engine
from edge_runtime.daemon.step import Step
from edge_runtime.daemon.turn import Turn, Waiting, Windows, take_turn
from edge_runtime.errors import AcceleratorError, EdgeRuntimeError, StateError

__all__ = ["Rig", "stage_of"]


class Rig:
    """An engine with what is open of it. Everything here blocks, and belongs into one worker's thread.

    Parameters
    ----------
    engine
        What runs at first.

    Attributes
    ----------
    engine
        What runs at present.
    computer
        Computes its view.
    step
        Runs its network; None before `open`.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.computer: Computer = engine.computer
        self.step: Step | None = None
        self._standby, self._learns, self._is_open = False, True, False
        self._computed: Windows = deque()

    def open(self) -> None:
        """Open the accelerator, with what had been learnt."""
        self.step = self.engine.open_step(standby=self._standby, learns=self._learns)
        self._is_open = True

    @property
    def unfinished(self) -> bool:
        """Whether there are windows whose inference failed."""
        return bool(self._computed)

    def turn(self, waiting: Waiting) -> Turn:
        """Take a turn; a window whose inference fails is the first of the next turn."""
        if self.step is None:
            raise AcceleratorError("there is no network to run")
        return take_turn(self.computer, self.step, waiting, computed=self._computed)

    def switch(self, engine: Engine) -> None:
        """Close what is open, and open another engine; where that cannot be, the one before is opened again."""
        before = self.engine, self._standby, self._learns
        self.engine, self._standby, self._learns = engine, False, True
        try:
            self._reopen()
        except EdgeRuntimeError:
            self.engine, self._standby, self._learns = before
            self._reopen()
            raise
        self.computer = engine.computer
        self._computed.clear()

    def restart(self, stage: str) -> None:
        """Start a stage anew that has failed: the view, or the accelerator with the learner."""
        if stage == "features":
            self.computer = self.engine.make_computer()
        else:
            self._reopen()

    def degrade(self, stage: str) -> None:
        """Go on without a stage: by the reference, or without learning."""
        if stage == "learner":
            self._learns = False
        else:
            self._standby = True
        if stage == "learner" and self._is_open and self.step is not None:
            # The head that serves goes on serving.
            self.step.stop_learning()
        else:
            self._reopen()

    def close(self) -> None:
        """Close the accelerator, and write down what was learnt."""
        self._is_open = False
        if self.step is not None:
            self.step.close()

    def _reopen(self) -> None:
        first, step = 0, self.step
        if step is not None:
            first = step.next_prediction
            # It may be what failed; whoever opens it anew finds out.
            with suppress(AcceleratorError, StateError):
                self.close()
        self.open()
        if self.step is not None:
            self.step.number_from(first)


def stage_of(error: Exception) -> str:
    """Return the stage that could not be opened: what was learnt cannot be read, or the accelerator is not there."""
    return "learner" if isinstance(error, StateError) else "accelerator"
