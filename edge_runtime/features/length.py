"""Lengths of windows and hops: a time or a number of samples, always with its unit."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator

from edge_runtime.errors import ConfigError
from edge_runtime.units import TIMES, parse_quantity

__all__ = ["Length", "samples_in"]

SAMPLES = "samples"
UNITS = {**TIMES, SAMPLES: Decimal(1)}


def samples_in(length: str, rate_hz: float) -> int:
    """Return a length in samples, to the nearest one.

    Parameters
    ----------
    length
        ``"4 s"``, ``"500 ms"``, ``"40 samples"``.
    rate_hz
        Samples per second.

    Raises
    ------
    ConfigError
        If it is less than one sample at this rate.

    Examples
    --------
    >>> samples_in("4 s", 10.0), samples_in("500 ms", 44_100.0), samples_in("40 samples", 10.0)
    (40, 22050, 40)
    """
    amount = parse_quantity(length, UNITS)
    samples = round(amount if length.endswith(SAMPLES) else amount * rate_hz)
    if samples < 1:
        raise ConfigError(f"{length} is less than one sample at {rate_hz:g} Hz; it must be at least one")
    return samples


def _canonical(text: str) -> str:
    """Write equal lengths equally: seconds or samples, without idle zeros."""
    amount = Decimal(repr(parse_quantity(text, UNITS)))
    in_samples = text.rstrip().endswith(SAMPLES)
    if amount <= 0 or (in_samples and amount != int(amount)):
        raise ValueError("should be above 0" + (", and whole" if in_samples else ""))
    return f"{amount.normalize():f} {SAMPLES if in_samples else 's'}"


Length = Annotated[str, BeforeValidator(_canonical)]
"""A time or a number of samples: ``"4 s"``, ``"500 ms"``, ``"40 samples"``."""
