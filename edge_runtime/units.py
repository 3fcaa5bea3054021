"""Quantities in configuration files: a number and its unit, ``"2.5 s"`` or ``"100 MHz"``, never a bare number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BeforeValidator

__all__ = ["FREQUENCIES", "SIZES", "TIMES", "Duration", "Frequency", "Size", "parse_quantity"]

TIMES: Mapping[str, Decimal] = MappingProxyType(
    {
        "ns": Decimal("1e-9"),
        "us": Decimal("1e-6"),
        "ms": Decimal("1e-3"),
        "s": Decimal(1),
        "min": Decimal(60),
        "h": Decimal(3600),
    }
)
"""Units of time, in seconds."""

FREQUENCIES: Mapping[str, Decimal] = MappingProxyType(
    {"mHz": Decimal("1e-3"), "Hz": Decimal(1), "kHz": Decimal(1000), "MHz": Decimal(1_000_000)}
)
"""Units of frequency, in hertz."""

SIZES: Mapping[str, Decimal] = MappingProxyType(
    {"B": Decimal(1), "KiB": Decimal(2**10), "MiB": Decimal(2**20), "GiB": Decimal(2**30)}
)
"""Units of memory, in bytes."""

_QUANTITY = re.compile(r"\s*([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\W\d_]*)\s*")


def parse_quantity(value: object, units: Mapping[str, Decimal]) -> float:
    """Turn ``"250 ms"`` into 0.25.

    Parameters
    ----------
    value
        Text: a number, then a unit of `units`, with or without a space between them.
    units
        Each unit's size in the unit of the result.

    Raises
    ------
    ValueError
        If it is not text, has no number, or has no unit or an unknown one; the message shows what would be
        right.

    Examples
    --------
    >>> parse_quantity("250 ms", TIMES)
    0.25
    >>> parse_quantity("100 MHz", FREQUENCIES)
    100000000.0
    """
    known = ", ".join(units)
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else 2
        raise ValueError(f'should be text with a number and a unit, like "{number} {_middle(units)}" (units: {known})')
    number_text, unit = match.groups()
    if unit not in units:
        wrong = f"has the unit {unit!r}" if unit else "has no unit"
        raise ValueError(f"{wrong}; it should be one of {known}")
    return float(Decimal(number_text.replace("_", "")) * units[unit])


def _middle(units: Mapping[str, Decimal]) -> str:
    """Return the unit whose size is one."""
    return next(name for name, size in units.items() if size == 1)


def _duration(value: Any) -> float:
    seconds = parse_quantity(value, TIMES)
    if seconds < 0:
        raise ValueError("should not be negative")
    return seconds


def _frequency(value: Any) -> float:
    hertz = parse_quantity(value, FREQUENCIES)
    if hertz <= 0:
        raise ValueError("should be above 0 Hz")
    return hertz


def _size(value: Any) -> int:
    size = parse_quantity(value, SIZES)
    if size < 1 or size != int(size):
        raise ValueError("should be a whole number of bytes, 1 or more")
    return int(size)


Duration = Annotated[float, BeforeValidator(_duration)]
"""Seconds, written with a unit: ``"500 ms"``."""

Frequency = Annotated[float, BeforeValidator(_frequency)]
"""Hertz, written with a unit: ``"100 MHz"``."""

Size = Annotated[int, BeforeValidator(_size)]
"""Bytes, written with a unit: ``"64 MiB"``."""
