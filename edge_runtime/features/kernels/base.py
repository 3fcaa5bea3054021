"""The kernel seam: what a view declares, and the function that it becomes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from edge_runtime.config import Table
from edge_runtime.errors import ConfigError
from edge_runtime.features.kernels.batch import WindowBatch
from edge_runtime.features.kernels.merge import Array
from edge_runtime.features.kernels.needs import Needs
from edge_runtime.features.kernels.panes import PaneTree

__all__ = ["Compute", "Kernel", "PlainKernel", "compute_kernel"]

Compute = Callable[[WindowBatch, Array], None]
"""Writes the values of each window and channel of a batch to float64[n, channels, values]."""


class Kernel(Table):
    """A kernel as a view declares it: its name in `kernel`, and its parameters.

    One sample that is not finite may make the result of its own channel and window anything; the computer
    flags such windows.

    Attributes
    ----------
    reads
        What `prepare`'s function reads of a batch, if the parameters do not change it.
    """

    reads: ClassVar[Needs] = Needs.SAMPLES
    kernel: str

    @property
    def needs(self) -> Needs:
        """What `prepare`'s function reads of a batch."""
        return self.reads

    @property
    def label(self) -> str:
        """The kernel's part of the outputs' names; kernels with parameters tell them here."""
        return self.kernel

    def parts(self, *, length: int | None, rate_hz: float | None) -> tuple[str, ...]:  # noqa: ARG002 - most give one
        """Return what is added to the label for each value that a channel gives; ``("",)`` for a single one.

        Parameters
        ----------
        length
            The window in samples; None where it is not known.
        rate_hz
            The rate; None where it is not known.

        Raises
        ------
        ConfigError
            If the number of values depends on what is not known, or the parameters make no sense.
        """
        return ("",)

    @abstractmethod
    def prepare(self, *, length: int, rate_hz: float) -> Compute:
        """Return the function for windows of `length` samples at `rate_hz`.

        Raises
        ------
        ConfigError
            If the parameters make no sense for such windows.
        ToolError
            If it takes a package that is not installed.
        """

    def known_length(self, length: int | None) -> int:
        """Return the length, or say that the view must tell it.

        Raises
        ------
        ConfigError
            If it is None.
        """
        if length is None:
            raise ConfigError(
                f'{self.label}: gives as many values as the window has room for; say the rate (rate = "1 kHz"), '
                "or the window in samples"
            )
        return length

    def known_rate(self, rate_hz: float | None) -> float:
        """Return the rate, or say that the view must tell it.

        Raises
        ------
        ConfigError
            If it is None.
        """
        if rate_hz is None:
            raise ConfigError(f'{self.label}: depends on the rate; the view must say it, like rate = "16 kHz"')
        return rate_hz


class PlainKernel(Kernel):
    """A kernel with one value that needs to know nothing about the windows beforehand but their length."""

    def prepare(self, *, length: int, rate_hz: float) -> Compute:  # noqa: ARG002 - any window will do
        """Return `compute` for single values."""

        def compute(batch: WindowBatch, out: Array) -> None:
            self.compute(batch, out[..., 0])

        return compute

    @abstractmethod
    def compute(self, batch: WindowBatch, out: Array) -> None:
        """Write one value for each window and channel of `batch` to `out`, float64[n, channels]."""


def compute_kernel(kernel: Kernel, samples: npt.NDArray[np.float32], *, rate_hz: float) -> npt.NDArray[np.float32]:
    """Apply a kernel to windows that lie in memory, each a pane of its own.

    Parameters
    ----------
    kernel
        The kernel.
    samples
        float32[length, channels], or several of them: float32[n, length, channels].
    rate_hz
        Samples per second.

    Returns
    -------
    float32[channels, values] or float32[n, channels, values]; without the last axis for a kernel with a single value
    """
    windows = samples if samples.ndim == 3 else samples[None]
    count, length, channels = windows.shape
    width = len(kernel.parts(length=length, rate_hz=rate_hz))
    batch = WindowBatch(kernel.needs, capacity=count, channels=channels, length=length)
    tree = PaneTree(batch.needs, channels=channels, length=length, hop=length, piece=count * length, batch=count)
    out = np.zeros((count, channels, width))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        tree.restart(0)
        tree.extend(windows.reshape(count * length, channels))
        batch.load(tree.summarise(0, count), count)
        if batch.needs & Needs.SAMPLES:
            batch.load_samples(windows)
        kernel.prepare(length=length, rate_hz=rate_hz)(batch, out)
        values = out.astype(np.float32)
    values = values[..., 0] if width == 1 else values
    return values if samples.ndim == 3 else values[0]
