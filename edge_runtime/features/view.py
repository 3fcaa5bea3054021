"""Feature views: what a model's input is made of, declared and not coded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator
from typing_extensions import Self

from edge_runtime.config import Table, parse_table, parse_toml
from edge_runtime.features.kernels.declared import AnyKernel
from edge_runtime.features.length import Length, samples_in

__all__ = ["FeatureView", "Normalisation", "Policy"]

ARITHMETIC = 1
"""Part of every fingerprint; it changes when a kernel comes to give other bits than before."""

Policy = Literal["skip", "hold", "mark"]
"""What happens to a window that is not whole: left out; given the last whole window's values; given as computed.
The flags tell, and each case is counted."""


def _distinct(names: Sequence[str]) -> None:
    if not names:
        raise ValueError("should name at least one")
    twice = [name for position, name in enumerate(names) if name in names[:position]]
    if twice:
        raise ValueError(f"{twice[0]!r} is there twice; each should be named once")


def _distinct_channels(channels: tuple[str, ...]) -> tuple[str, ...]:
    _distinct(channels)
    return channels


def _distinct_kernels(kernels: tuple[AnyKernel, ...]) -> tuple[AnyKernel, ...]:
    _distinct([kernel.label for kernel in kernels])
    return kernels


class Normalisation(Table):
    """``(value - mean) / std`` for each output of a view.

    Parameters
    ----------
    mean, std
        One number for each output, in the order of the view's `output_names`; `std` is above 0.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if len(self.mean) != len(self.std):
            raise ValueError(f"mean has {len(self.mean)} numbers and std {len(self.std)}; there should be equally many")
        if not np.isfinite([*self.mean, *self.std]).all() or min(self.std, default=1.0) <= 0:
            raise ValueError("every mean should be finite, and every std finite and above 0")
        return self


class FeatureView(Table):
    """Which features are computed, over which windows of which channels.

    Window k ends before sample ``k * hop + window``, counted from the stream's start, whatever blocks the
    stream comes in. The outputs stand kernel after kernel, and within a kernel channel after channel, both in
    the order declared here.

    Parameters
    ----------
    name, version
        What the view is called, and which state of it this is.
    channels
        The source's channels that it reads.
    window, hop
        A window's length, and how far each is from the one before: ``"4 s"``, ``"500 ms"``, ``"40 samples"``.
    kernels
        What is computed of each channel: names, or tables with parameters
        (``{kernel = "band_power", low_hz = 0.5, high_hz = 3.0}``).
    non_finite
        What happens to a window that holds NaN or infinity, or whose features overflow.
    gap
        What happens to a window in which samples are missing.
    normalisation
        What is done to the outputs, if anything.

    Examples
    --------
    >>> view = FeatureView.from_mapping(
    ...     {"name": "motion", "channels": ["x", "y"], "window": "4 s", "hop": "1 s", "kernels": ["mean", "std"]}
    ... )
    >>> view.output_names
    ('mean.x', 'mean.y', 'std.x', 'std.y')
    """

    name: str = Field(min_length=1)
    version: int = Field(default=1, ge=1)
    channels: Annotated[tuple[str, ...], AfterValidator(_distinct_channels)]
    window: Length
    hop: Length
    kernels: Annotated[tuple[AnyKernel, ...], AfterValidator(_distinct_kernels)]
    non_finite: Policy = "skip"
    gap: Policy = "mark"
    normalisation: Normalisation | None = None

    @field_validator("normalisation")
    @classmethod
    def _fits_the_outputs(cls, normalisation: Normalisation | None, info: ValidationInfo) -> Normalisation | None:
        declared = info.data
        # Where channels or kernels are wrong themselves, they are not there, and have been reported.
        if normalisation is not None and {"channels", "kernels"} <= declared.keys():
            outputs = len(declared["channels"]) * len(declared["kernels"])
            if len(normalisation.mean) != outputs:
                raise ValueError(f"has {len(normalisation.mean)} means; there should be {outputs}, one for each output")
        return normalisation

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any], *, where: str = "feature view") -> FeatureView:
        """Make a view of a table that has been read; `where` is what a message calls the table's home.

        Raises
        ------
        ConfigError
            For any wrong key or value, in one line.
        """
        return parse_table(data, cls, where)

    @classmethod
    def from_toml(cls, path: Path | str) -> FeatureView:
        """Read a view from a TOML file of its own.

        Raises
        ------
        ConfigError
            If the file cannot be read, or for any wrong key or value, in one line.
        """
        return parse_toml(path, cls)

    @property
    def output_names(self) -> tuple[str, ...]:
        """``kernel.channel`` for each output, in the order of the values."""
        return tuple(f"{kernel.label}.{channel}" for kernel in self.kernels for channel in self.channels)

    @property
    def size(self) -> int:
        """How many values a window gives."""
        return len(self.kernels) * len(self.channels)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all that decides the values, in hexadecimal: equal for views that compute the same.

        It covers this declaration as canonical JSON (sorted keys, no spaces, lengths in seconds or samples,
        what is left at its default left out), and the kernels' arithmetic.
        """
        declared = self.model_dump(mode="json", exclude_defaults=True)
        declared["kernels"] = [_declared(kernel) for kernel in self.kernels]
        canonical = json.dumps({"arithmetic": ARITHMETIC, "view": declared}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def window_samples(self, rate_hz: float) -> int:
        """Return the window's length in samples, to the nearest one.

        Raises
        ------
        ConfigError
            If it is less than one sample at this rate.
        """
        return samples_in(self.window, rate_hz)

    def hop_samples(self, rate_hz: float) -> int:
        """Return the hop in samples, to the nearest one.

        Raises
        ------
        ConfigError
            If it is less than one sample at this rate.
        """
        return samples_in(self.hop, rate_hz)

    def with_normalisation(self, mean: Sequence[float], std: Sequence[float]) -> FeatureView:
        """Return the same view with its outputs normalised.

        Raises
        ------
        ConfigError
            If there is not one finite mean and one finite std above 0 for each output.
        """
        data = self.model_dump(mode="json", exclude={"normalisation"})
        data["normalisation"] = {"mean": [float(x) for x in mean], "std": [float(x) for x in std]}
        return FeatureView.from_mapping(data, where=f"feature view {self.name}")

    def normalise(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Apply the normalisation to float32[..., size]: computed in float64, rounded once."""
        if self.normalisation is None:
            return values
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (values.astype(np.float64) - self.normalisation.mean) / self.normalisation.std
            return scaled.astype(np.float32)


def _declared(kernel: AnyKernel) -> dict[str, Any]:
    return {"kernel": kernel.kernel, **kernel.model_dump(mode="json", exclude_defaults=True)}
