"""Tables of columns, as CSV and Parquet files hold them, into recordings."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.stream.clock import NS_PER_S, sample_times
from edge_runtime.stream.recording import Recording, Span

__all__ = ["NOT_CHANNELS", "recording_from_columns"]

NOT_CHANNELS = ("t_ns", "t", "label")
"""Columns with a meaning of their own: nanoseconds or seconds since the epoch, and what is true at a sample."""


def recording_from_columns(
    columns: Mapping[str, npt.NDArray[np.float64] | npt.NDArray[np.int64]],
    *,
    labels: Sequence[str] | None = None,
    rate_hz: float | None = None,
) -> Recording:
    """Make a recording of columns that are equally long.

    Parameters
    ----------
    columns
        By name: the channels, and ``t_ns`` (int64) or ``t`` (seconds), without which the rate must be given.
    labels
        What is true at each sample, empty for nothing; equal neighbours become a span.
    rate_hz
        The rate; None takes the median distance of the times.

    Raises
    ------
    DataError
        If there is no channel, or neither times nor a rate, or a recording cannot be made of it.
    """
    channels = tuple(name for name in columns if name not in NOT_CHANNELS)
    if not channels:
        raise DataError(f"there is no channel among the columns {', '.join(columns) or '(none)'}")
    count = len(columns[channels[0]])
    if count == 0:
        raise DataError("there is no sample")
    t_ns = _times(columns, count, rate_hz)
    rate = rate_hz if rate_hz is not None else _median_rate(t_ns)
    with np.errstate(over="ignore"):
        samples = np.stack([columns[name] for name in channels], axis=1).astype(np.float32)
    return Recording(t_ns, samples, channels, rate, _spans(t_ns, labels or ()))


def _times(
    columns: Mapping[str, npt.NDArray[np.float64] | npt.NDArray[np.int64]], count: int, rate_hz: float | None
) -> npt.NDArray[np.int64]:
    if "t_ns" in columns:
        whole: npt.NDArray[np.int64] = columns["t_ns"].astype(np.int64)
        return whole
    if "t" in columns:
        rounded: npt.NDArray[np.int64] = np.rint(columns["t"].astype(np.float64) * NS_PER_S).astype(np.int64)
        return rounded
    if rate_hz is None:
        raise DataError("there is no column t_ns or t; give the rate")
    return sample_times(0, count, rate_hz=rate_hz)


def _median_rate(t_ns: npt.NDArray[np.int64]) -> float:
    period_ns = float(np.median(np.diff(t_ns))) if len(t_ns) > 1 else 0.0
    if period_ns <= 0:
        raise DataError("the times tell no rate; give the rate")
    return NS_PER_S / period_ns


def _spans(t_ns: npt.NDArray[np.int64], labels: Sequence[str]) -> tuple[Span, ...]:
    spans, at = [], 0
    for label, run in itertools.groupby(labels):
        count = len(list(run))
        end = int(t_ns[at + count]) if at + count < len(t_ns) else int(t_ns[-1]) + 1
        if label:
            spans.append(Span(int(t_ns[at]), end, label))
        at += count
    return tuple(spans)
