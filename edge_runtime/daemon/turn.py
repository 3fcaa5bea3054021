"""A turn of a pipeline's thread: the blocks that wait, their windows, and what there is to tell of each."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from edge_runtime.daemon.engine import Computer
from edge_runtime.daemon.step import Step
from edge_runtime.features.compute import FeatureWindow
from edge_runtime.stream.block import Block

__all__ = ["Turn", "Waiting", "take_turn"]

LONGEST_S = 0.005
"""After so many seconds a turn ends before its next window, so that what has been found is told soon."""

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
    """Take the blocks that wait, and run the network on their windows until there is none left or it took long enough.

    One call serves many blocks when they come fast: going to a thread and back costs as much as a small network, and
    the features of many windows at once little more than those of one. Where the view fails, all of these blocks are
    lost.

    Parameters
    ----------
    computer
        Makes windows of blocks.
    step
        Runs the network on them.
    waiting
        The blocks; they are taken out.
    computed
        Windows that an earlier turn left, because their inference failed or it was time: they are first, and while
        there are any no block is taken. A window is taken out when its inference has been made.
    """
    turn, began = Turn(), time.perf_counter()
    windows: Windows = deque() if computed is None else computed
    try:
        if not windows:
            turn.stage = "features"
            windows.extend(_compute(computer, waiting, turn))
        _run(step, windows, turn, until=began + LONGEST_S)
    except Exception as error:  # told where its stage's policy is known
        turn.error = error
    return turn


def _compute(computer: Computer, waiting: Waiting, turn: Turn) -> Iterator[tuple[FeatureWindow, float]]:
    """Take the blocks, and return their windows, each with the arrival of the block that completed it."""
    arrivals = deque((int(block.t_ns[-1]) if len(block.t_ns) else 0, received) for block, received in waiting)
    turn.blocks += [block for block, _ in waiting]
    waiting.clear()
    for window in computer.push_all(turn.blocks):
        while len(arrivals) > 1 and arrivals[0][0] < window.end_ns:
            arrivals.popleft()
        yield window, arrivals[0][1]


def _run(step: Step, windows: Windows, turn: Turn, *, until: float) -> None:
    while windows:
        window, received = windows[0]
        try:
            turn.windows.append((window, step.take(window, received=received)))
        except Exception:
            turn.stage = step.stage
            raise
        windows.popleft()
        if time.perf_counter() > until:
            break
