"""Feature views: what a model's input is made of, declared and not coded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator
from typing_extensions import Self

from edge_runtime.config import Table, parse_table, parse_toml
from edge_runtime.errors import ConfigError
from edge_runtime.features.kernels.declared import AnyKernel
from edge_runtime.features.length import SAMPLES, Length, samples_in
from edge_runtime.features.reference import ReferenceTable
from edge_runtime.units import Frequency

__all__ = ["FeatureView", "Normalisation", "Order", "Policy"]

ARITHMETIC = 2
"""Part of every fingerprint; it changes when a kernel comes to give other bits than before."""

Policy = Literal["skip", "hold", "mark", "fill"]
"""What happens to a window that is not whole: left out; given the last whole window's values; given as computed, NaN
for samples that are missing; or computed with each bad sample replaced by its channel's last good one (0 before the
first). The flags tell, and each case is counted."""

Order = Literal["kernel", "channel", "value"]
"""How outputs stand: kernel by kernel (within it channel by channel), channel by channel (within it kernel by kernel),
or kernel by kernel and within it value by value (within that channel by channel: ``[time, channels]`` for raw
samples)."""


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

    @cached_property
    def arrays(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Both as float64[size]."""
        return np.array(self.mean), np.array(self.std)


class FeatureView(Table):
    """Which features are computed, over which windows of which channels.

    Window k starts at the stream's position ``k * hop``. Positions count samples from the Unix epoch on, at the
    stream's rate, so that windows lie where they lie whenever the computer was started, and whatever blocks the stream
    comes in.

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
    rate
        The rate that the stream must have; it may stay open unless a kernel's number of values depends on it.
    order
        How the outputs stand.
    non_finite
        What happens to a window that holds NaN or infinity, or whose features overflow.
    gap
        What happens to a window in which samples are missing; one that has no sample at all is never delivered.
    saturated
        What happens to a window with samples at the sensor's limits.
    limits
        Per channel the lowest and the highest value that its sensor can give; samples there count as saturated.
    reference
        Tables whose columns, as of a window's end, follow the kernels' outputs.
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
    rate: Frequency | None = None
    order: Order = "kernel"
    non_finite: Policy = "skip"
    gap: Policy = "fill"
    saturated: Policy = "mark"
    limits: dict[str, tuple[float, float]] = Field(default_factory=dict)
    reference: tuple[ReferenceTable, ...] = ()
    normalisation: Normalisation | None = None

    @field_validator("limits")
    @classmethod
    def _are_of_its_channels(
        cls, limits: dict[str, tuple[float, float]], info: ValidationInfo
    ) -> dict[str, tuple[float, float]]:
        for name, (low, high) in limits.items():
            if name not in info.data.get("channels", (name,)):
                raise ValueError(f"{name!r} is none of the view's channels")
            if not low < high:
                raise ValueError(f"{name}: the lowest value, {low:g}, should be below the highest, {high:g}")
        return limits

    @model_validator(mode="after")
    def _fits_the_outputs(self) -> Self:
        try:
            outputs = self.size
        except ConfigError as error:
            raise ValueError(str(error)) from error
        if self.normalisation is not None and len(self.normalisation.mean) != outputs:
            raise ValueError(
                f"normalisation: has {len(self.normalisation.mean)} means; there should be {outputs}, "
                "one for each output"
            )
        return self

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

    @cached_property
    def output_names(self) -> tuple[str, ...]:
        """``kernel.channel`` for each output, in the order of the values."""
        names = [
            f"{kernel.label}{part}.{channel}"
            for kernel, parts in zip(self.kernels, self.parts, strict=True)
            for channel in self.channels
            for part in parts
        ]
        extra = [name for table in self.reference for name in table.names]
        return (*(names[place] for place in self.places), *extra)

    @property
    def size(self) -> int:
        """How many values a window gives."""
        return self.computed_size + sum(len(table.columns) for table in self.reference)

    @property
    def computed_size(self) -> int:
        """How many of them are computed of the samples; reference data follow."""
        return len(self.channels) * sum(len(parts) for parts in self.parts)

    @property
    def parts(self) -> tuple[tuple[str, ...], ...]:
        """For each kernel, what is added to its label for each value of a channel."""
        length = self.known_length
        return tuple(kernel.parts(length=length, rate_hz=self.rate) for kernel in self.kernels)

    @property
    def known_length(self) -> int | None:
        """The window in samples, if it can be told without a stream."""
        if self.rate is None and not self.window.endswith(SAMPLES):
            return None
        return samples_in(self.window, self.rate or 1.0)

    @property
    def places(self) -> tuple[int, ...]:
        """For each output, where it stands among the values that are computed kernel by kernel, channel by channel."""
        channels, starts = len(self.channels), [0]
        for parts in self.parts:
            starts.append(starts[-1] + channels * len(parts))
        computed = [
            (kernel, channel, value, starts[kernel] + channel * len(parts) + value)
            for kernel, parts in enumerate(self.parts)
            for channel in range(channels)
            for value in range(len(parts))
        ]
        if self.order == "channel":
            computed.sort(key=lambda place: (place[1], place[0], place[2]))
        elif self.order == "value":
            computed.sort(key=lambda place: (place[0], place[2], place[1]))
        return tuple(place[3] for place in computed)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all that decides the values, in hexadecimal: equal for views that compute the same.

        It covers this declaration as canonical JSON (sorted keys, no spaces, lengths in seconds or samples,
        what is left at its default left out), and the kernels' arithmetic.
        """
        declared = self.model_dump(mode="json", exclude_defaults=True)
        declared["kernels"] = [_declared(kernel) for kernel in self.kernels]
        if self.reference:
            declared["reference"] = [table.meaning for table in self.reference]
        canonical = json.dumps({"arithmetic": ARITHMETIC, "view": declared}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def as_mapping(self) -> dict[str, Any]:
        """Return the view as `from_mapping` and a TOML file take it."""
        data = self.model_dump(mode="json", exclude_none=True)
        if self.rate is not None:
            data["rate"] = f"{self.rate!r} Hz"
        for table in data["reference"]:
            if "ttl" in table:
                table["ttl"] = f"{table['ttl']!r} s"
        return data

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
        data = self.as_mapping()
        data.pop("normalisation", None)
        data["normalisation"] = {"mean": [float(x) for x in mean], "std": [float(x) for x in std]}
        return FeatureView.from_mapping(data, where=f"feature view {self.name}")

    def normalise(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Apply the normalisation to float32[..., size]: computed in float64, rounded once."""
        if self.normalisation is None:
            return values
        mean, std = self.normalisation.arrays
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = values - mean
            scaled /= std
            return scaled.astype(np.float32)


def _declared(kernel: AnyKernel) -> dict[str, Any]:
    return {"kernel": kernel.kernel, **kernel.model_dump(mode="json", exclude_defaults=True)}
