"""What a bundle carries beside its network: the head that serves first, and held-out embeddings with their classes."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from edge_runtime.bundles.read import Bundle
from edge_runtime.errors import BundleError, DataError
from edge_runtime.learning.frozen import checked_linear

__all__ = ["HeldOut", "Linear", "first_head_of", "held_out_of", "read_linear"]

Linear = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""Weights, float32[classes, features], and bias, float32[classes]."""

HeldOut = tuple[npt.NDArray[np.int8], npt.NDArray[np.int64]]
"""Embeddings, int8[n, features] as the accelerator gives them, and their classes, int64[n]."""


def read_linear(file: Path | BinaryIO, *, name: str | None = None) -> Linear:
    """Read a head that something else has trained: an .npz file with ``weights`` and ``bias``.

    scikit-learn's ``coef_`` and ``intercept_`` are these, where there are more than two classes.

    Raises
    ------
    DataError
        If it cannot be read, or has something else in it.
    """
    weights, bias = _arrays(file, name, ("weights", "bias"), "weights [classes, features] and bias [classes]")
    try:
        return checked_linear(weights, bias)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name or file}: no numbers: {error}") from error


def first_head_of(bundle: Bundle, *, classes: int, features: int) -> Linear | None:
    """Return the head that shall serve first; None: the network's own.

    Raises
    ------
    BundleError
        If it cannot be read, or is not of the network's size.
    """
    if "head.npz" not in bundle.members:
        return None
    try:
        head = read_linear(BytesIO(bundle.members["head.npz"]), name="head.npz")
    except DataError as error:
        raise BundleError(f"the bundle's {error}") from error
    if head[0].shape != (classes, features):
        raise BundleError(
            f"the bundle's head.npz has {list(head[0].shape)} weights; the network has {classes} x {features}"
        )
    return head


def held_out_of(bundle: Bundle, *, classes: int, features: int) -> HeldOut | None:
    """Return the held-out embeddings, to judge heads on; None: there are none.

    Raises
    ------
    BundleError
        If they cannot be read, or are not of the network's size.
    """
    if "memory.npz" not in bundle.members:
        return None
    wanted = f"embeddings int8 [n, {features}] and labels [n] from 0 to {classes - 1}"
    try:
        file = BytesIO(bundle.members["memory.npz"])
        embeddings, labels = _arrays(file, "memory.npz", ("embeddings", "labels"), wanted)
    except DataError as error:
        raise BundleError(f"the bundle's {error}") from error
    fits = embeddings.dtype == np.int8 and embeddings.shape == (len(labels), features) and labels.ndim == 1
    if not fits or not np.issubdtype(labels.dtype, np.integer) or not _within(labels, classes):
        raise BundleError(f"the bundle's memory.npz does not fit its network; it must have {wanted}")
    return embeddings, labels.astype(np.int64)


def _within(labels: npt.NDArray[Any], classes: int) -> bool:
    return not len(labels) or bool(0 <= labels.min() <= labels.max() < classes)


def _arrays(file: Path | BinaryIO, name: str | None, names: tuple[str, str], wanted: str) -> list[npt.NDArray[Any]]:
    try:
        with np.load(file, allow_pickle=False) as archive:
            return [np.atleast_1d(archive[one]) for one in names]
    except (OSError, KeyError, ValueError, TypeError, EOFError, BadZipFile) as error:
        raise DataError(f"{name or file}: cannot be read: {error}; it must be an .npz file with {wanted}") from error
