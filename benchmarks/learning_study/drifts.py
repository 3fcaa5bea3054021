"""What happens to a sensor: five drifts, each a map of raw cases that a seed decides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from learning_study.streams import Cases, Stream

__all__ = ["DRIFTS", "NEW_CLASS", "make_drift"]

NEW_CLASS = "new class"
DRIFTS = ("gain", "bias", "turn", "channel loss", NEW_CLASS)

Drift = Callable[[Cases], Cases]


def make_drift(kind: str, stream: Stream, random: np.random.Generator) -> Drift:
    """Return a drift of the raw cases.

    - gain: each channel's sensitivity changes by a factor from 1/2.5 to 2.5;
    - bias: each channel is off by up to 1.5 of its standard deviations;
    - turn: the axes, the image or the channels change places, as the stream says;
    - channel loss: a third of the channels read zero;
    - new class: nothing happens to the sensor; a class comes that the network was never trained on.
    """
    channels = stream.channels
    if kind == "gain":
        factors = np.exp(random.uniform(-np.log(2.5), np.log(2.5), channels))
        return lambda cases: (cases * factors).astype(np.float32)
    if kind == "bias":
        offsets = random.uniform(-1.5, 1.5, channels) * stream.deviation
        return lambda cases: (cases + offsets).astype(np.float32)
    if kind == "turn":
        return stream.turn(random)
    if kind == "channel loss":
        kept = np.ones(channels)
        kept[random.permutation(channels)[: max(1, round(channels / 3))]] = 0
        return lambda cases: (cases * kept).astype(np.float32)
    return lambda cases: cases
