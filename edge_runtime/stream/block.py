"""The block: what every source yields and every stage passes on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
import numpy.typing as npt

__all__ = ["Block", "Flags"]


class Flags(IntFlag):
    """What is known about a block's, or a window's, quality."""

    NONE = 0
    GAP = 1  #: samples are missing just before this block, or inside this window
    NOT_FINITE = 2  #: holds NaN or infinity
    SATURATED = 4  #: holds values at the sensor's limits


@dataclass(frozen=True)
class Block:
    """Samples that were acquired together.

    Parameters
    ----------
    t_ns
        int64[n], acquisition time of each sample in nanoseconds since the Unix epoch, UTC.
    samples
        float32[n, channels], in the units that the source declares.
    sequence
        The source's count of blocks, from 0; a jump means that blocks were lost.
    flags
        Quality of the whole block.
    """

    t_ns: npt.NDArray[np.int64]
    samples: npt.NDArray[np.float32]
    sequence: int
    flags: Flags = Flags.NONE
