"""Acquisition times of a stream with an even rate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError

__all__ = ["NS_PER_S", "sample_times"]

NS_PER_S = 1_000_000_000


def sample_times(first: int, count: int, *, rate_hz: float, start_ns: int = 0) -> npt.NDArray[np.int64]:
    """Return when samples ``first`` to ``first + count - 1`` of an even stream are acquired.

    Each time is computed from the sample's own index, so that times do not depend on how the stream is cut
    into blocks, and rounding does not add up. They are exact to a nanosecond for the first hundred days, as
    far as a double's 53 bits reach.

    Parameters
    ----------
    first, count
        Which samples, counted from the stream's start.
    rate_hz
        Samples per second.
    start_ns
        When sample 0 is acquired, in nanoseconds since the Unix epoch.

    Returns
    -------
    int64[count]

    Raises
    ------
    DataError
        If the rate is not above 0.

    Examples
    --------
    >>> sample_times(3, 2, rate_hz=10.0, start_ns=1000).tolist()
    [300001000, 400001000]
    """
    if not (np.isfinite(rate_hz) and rate_hz > 0):
        raise DataError(f"the rate is {rate_hz} Hz; it must be above 0")
    index = np.arange(first, first + count, dtype=np.float64)
    offsets: npt.NDArray[np.int64] = np.rint(index * (NS_PER_S / rate_hz)).astype(np.int64)
    offsets += start_ns
    return offsets
