"""The kernel seam: what a view declares, and the function that it becomes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edge_runtime.config import Table
from edge_runtime.features.kernels.batch import WindowBatch

__all__ = ["Compute", "Kernel", "PlainKernel", "compute_kernel"]

Compute = Callable[[WindowBatch, "npt.NDArray[np.float64]"], None]
"""Writes one value for each window and channel of a batch to float64[n, channels]."""


class Kernel(Table):
    """A kernel as a view declares it: its name in `kernel`, and its parameters.

    One sample that is not finite may make the result of its own channel and window anything; the computer
    flags such windows.
    """

    kernel: str

    @property
    def label(self) -> str:
        """The kernel's part of the outputs' names; kernels with parameters tell them here."""
        return self.kernel

    @abstractmethod
    def prepare(self, *, length: int, rate_hz: float) -> Compute:
        """Return the function for windows of `length` samples at `rate_hz`.

        Raises
        ------
        ConfigError
            If the parameters make no sense for such windows.
        """


class PlainKernel(Kernel):
    """A kernel that needs to know nothing about the windows beforehand."""

    def prepare(self, *, length: int, rate_hz: float) -> Compute:  # noqa: ARG002 - any window will do
        """Return `compute`."""
        return self.compute

    @abstractmethod
    def compute(self, batch: WindowBatch, out: npt.NDArray[np.float64]) -> None:
        """Write one value for each window and channel of `batch` to `out`, float64[n, channels]."""


def compute_kernel(kernel: Kernel, samples: npt.NDArray[np.float32], *, rate_hz: float) -> npt.NDArray[np.float32]:
    """Apply a kernel to windows that lie in memory, by the code that streams use.

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
    float32[channels] or float32[n, channels]
    """
    windows = samples if samples.ndim == 3 else samples[None]
    count, length, channels = windows.shape
    batch = WindowBatch(capacity=count, channels=channels, length=length)
    out = np.zeros((count, channels))
    with np.errstate(over="ignore", invalid="ignore"):
        batch.load(windows, range(channels))
        kernel.prepare(length=length, rate_hz=rate_hz)(batch, out)
        values = out.astype(np.float32)
    return values if samples.ndim == 3 else values[0]
