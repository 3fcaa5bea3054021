"""What happens to windows that are not whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.features.view import FeatureView, Policy
from edge_runtime.stream.block import Flags

__all__ = ["FeatureCounts", "WindowPolicy"]

STRICTEST_FIRST: tuple[Policy, ...] = ("skip", "hold", "mark", "fill")


@dataclass
class FeatureCounts:
    """What a computer has done so far.

    Parameters
    ----------
    windows
        Windows delivered, in whatever state.
    skipped
        Windows left out by policy, or for want of earlier values to hold.
    held
        Windows delivered with earlier values.
    marked
        Windows delivered as computed, although not whole.
    filled
        Windows delivered with good values in the place of bad ones.
    missed
        Windows left out because not one of their samples came.
    gaps
        Places in the stream where samples are missing.
    late_blocks
        Blocks left out because they came after later ones.
    bad_blocks
        Blocks left out because they had another number of channels.
    """

    windows: int = 0
    skipped: int = 0
    held: int = 0
    marked: int = 0
    filled: int = 0
    missed: int = 0
    gaps: int = 0
    late_blocks: int = 0
    bad_blocks: int = 0


class WindowPolicy:
    """Applies a view's policies, window after window, and counts.

    Parameters
    ----------
    view
        Says what is done about which flag.
    counts
        Where it is counted.
    """

    def __init__(self, view: FeatureView, counts: FeatureCounts) -> None:
        self._rules: tuple[tuple[Flags, Policy], ...] = (
            (Flags.NOT_FINITE, view.non_finite),
            (Flags.GAP, view.gap),
            (Flags.SATURATED, view.saturated),
        )
        self._counts = counts
        self._last_whole: npt.NDArray[np.float32] | None = None

    def take_whole(self, values: npt.NDArray[np.float32]) -> None:
        """Count windows that nothing is to be done about; float32[n, size]."""
        self._last_whole = values[-1]
        self._counts.windows += len(values)

    def apply(self, values: npt.NDArray[np.float32], flags: Flags) -> npt.NDArray[np.float32] | None:
        """Return the values to deliver, or None to leave the window out.

        Where two flags ask for different things, skipping comes before holding, holding before marking, and marking
        before filling.
        """
        if not flags:
            self._last_whole = values
            self._counts.windows += 1
            return values
        asked = {policy for flag, policy in self._rules if flag in flags}
        delivered = self._deliver(values, next(policy for policy in STRICTEST_FIRST if policy in asked))
        if delivered is None:
            self._counts.skipped += 1
        else:
            self._counts.windows += 1
        return delivered

    def _deliver(self, values: npt.NDArray[np.float32], policy: Policy) -> npt.NDArray[np.float32] | None:
        if policy == "fill":
            # Overflow of good samples cannot be filled.
            if not np.isfinite(values).all():
                return None
            self._counts.filled += 1
            return values
        if policy == "mark":
            self._counts.marked += 1
            return values
        if policy == "hold" and self._last_whole is not None:
            self._counts.held += 1
            return self._last_whole
        return None
