"""The kernels that a view may declare; a new one joins here."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from edge_runtime.features.kernels.band_power import BandPower
from edge_runtime.features.kernels.crossings import Crossings
from edge_runtime.features.kernels.extrema import Max, Min
from edge_runtime.features.kernels.moments import Mean, Rms, Std

__all__ = ["AnyKernel"]


def _table(value: Any) -> Any:
    """Let a plain name stand for a table with nothing else in it."""
    return {"kernel": value} if isinstance(value, str) else value


AnyKernel = Annotated[
    Mean | Std | Rms | Min | Max | Crossings | BandPower, Field(discriminator="kernel"), BeforeValidator(_table)
]
"""A kernel in a view: a name (``"mean"``), or a table with its parameters."""
