"""A turn of a pipeline's thread: the blocks that wait, one after the other, and what there is to tell of each."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from edge_runtime.daemon.engine import Computer
from edge_runtime.daemon.step import Step
from edge_runtime.features.compute import FeatureWindow
from edge_runtime.stream.block import Block

__all__ = ["Turn", "Waiting", "take_turn"]

LONGEST_S = 0.005
"""After so many seconds a turn takes no other block, so that what has been found is told soon."""

Waiting = deque[tuple[Block, float]]
"""Blocks, each with its arrival on `time.perf_counter`'s clock."""
Windows = deque[tuple[FeatureWindow, float]]
"""Windows, each with the arrival of its block."""


@dataclass
class Turn:
    """What a turn found.

    Parameters
    ----------
    blocks
        The blocks that were taken.
    windows
        Their windows, each with the records that it led to.
    error
        What ended the turn; what stands in `windows` was found before it.
    stage
        The stage that failed with it.
    """

    blocks: list[Block] = field(default_factory=list)
    windows: list[tuple[FeatureWindow, list[dict[str, Any]]]] = field(default_factory=list)
    error: Exception | None = None
    stage: str = ""


def take_turn(computer: Computer, step: Step, waiting: Waiting, *, computed: Windows | None = None) -> Turn:
    """Take blocks from those that wait, at least one, until there is no other or it has taken long enough.

    One call serves many blocks when they come fast: going to a thread and back costs as much as a small network.

    Parameters
    ----------
    computer
        Makes windows of blocks.
    step
        Runs the network on them.
    waiting
        The blocks; what is taken is taken out.
    computed
        Windows whose inference failed in an earlier turn: they are first. A window is taken out when its inference has
        been made.
    """
    turn, began = Turn(), time.perf_counter()
    windows: Windows = deque() if computed is None else computed
    try:
        _run(step, windows, turn)
        while waiting:
            block, received = waiting.popleft()
            turn.blocks.append(block)
            turn.stage = "features"
            windows.extend((window, received) for window in computer.push(block))
            _run(step, windows, turn)
            if time.perf_counter() - began > LONGEST_S:
                break
    except Exception as error:  # told where its stage's policy is known
        turn.error = error
    return turn


def _run(step: Step, windows: Windows, turn: Turn) -> None:
    while windows:
        window, received = windows[0]
        try:
            turn.windows.append((window, step.take(window, received=received)))
        except Exception:
            turn.stage = step.stage
            raise
        windows.popleft()
