"""Representative data: what the network will really be given, from a file of arrays or a recording through a view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.features import FeatureView, compute_recording
from edge_runtime.stream import load_recording

__all__ = ["Samples", "load_samples", "match_samples", "view_samples"]

Samples = Mapping[str, npt.NDArray[np.float32]]
"""Arrays by name, each float32[samples, …]; one array alone may have any name."""


def load_samples(path: Path) -> Samples:
    """Read representative data: a ``.npy`` array, or the arrays of an ``.npz`` by their names.

    Returns
    -------
    Arrays of float32, each [samples, …].

    Raises
    ------
    DataError
        If the file cannot be read or holds something else.
    """
    try:
        arrays = _read(path)
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror or error}); give a .npy or .npz file with float arrays"
        ) from error
    except Exception as error:  # what NumPy raises on damaged archives has no end
        raise DataError(f"{path}: not a .npy or .npz file with arrays of numbers ({error})") from error
    return {name: _checked(array, f"{path}: array {name!r}" if name else str(path)) for name, array in arrays.items()}


def view_samples(recording: Path, view: Path) -> Samples:
    """Return the features of a recording's windows, as a pipeline with this view would compute them.

    Raises
    ------
    DataError, ConfigError
        If recording or view cannot be read, or give no whole window.
    """
    windows = compute_recording(FeatureView.from_toml(view), load_recording(recording))
    if not windows:
        raise DataError(f"{recording}: the view {view} finds no whole window in it; give a longer recording")
    return {"": np.stack([window.values for window in windows])}


def match_samples(samples: Samples, inputs: Mapping[str, Sequence[int]]) -> list[npt.NDArray[np.float32]]:
    """Match arrays with a network's inputs.

    Parameters
    ----------
    samples
        As `load_samples` gives them.
    inputs
        Shape of each input with its batch of 1, by its name, in the network's order.

    Returns
    -------
    For each input float32[samples, 1, …], all of them with as many samples.

    Raises
    ------
    DataError
        If an input has no array, or an array does not have its shape.
    """
    found = [_reshaped(_array_for(samples, name, inputs), name, shape) for name, shape in inputs.items()]
    counts = {len(array) for array in found}
    if len(counts) != 1 or counts == {0}:
        raise DataError(
            f"representative data: the inputs have {sorted(counts)} samples; they must have as many, and 1 or more"
        )
    return found


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        # never a pickle: it could run anything
        loaded: Any = np.load(file, allow_pickle=False)
        return {name: loaded[name] for name in loaded.files} if hasattr(loaded, "files") else {"": loaded}


def _checked(array: Any, where: str) -> npt.NDArray[np.float32]:
    if array.dtype.kind not in "fiu" or array.ndim < 1:
        raise DataError(f"{where}: has dtype {array.dtype} and shape {array.shape}; it should be numbers [samples, …]")
    numbers = np.asarray(array, np.float32)
    if not np.isfinite(numbers).all():
        raise DataError(f"{where}: has NaN or infinite values; representative data must be finite")
    return numbers


def _array_for(samples: Samples, name: str, inputs: Mapping[str, Sequence[int]]) -> npt.NDArray[np.float32]:
    if name in samples:
        return samples[name]
    if len(samples) == len(inputs) == 1:
        return next(iter(samples.values()))
    raise DataError(
        f"representative data: no array for the input {name!r}; the arrays should be called like the network's inputs "
        f"({', '.join(inputs)}), but they are called {', '.join(samples) or 'nothing'}"
    )


def _reshaped(array: npt.NDArray[np.float32], name: str, shape: Sequence[int]) -> npt.NDArray[np.float32]:
    size = int(np.prod(shape))
    given = int(np.prod(array.shape[1:]))
    if given != size:
        raise DataError(
            f"representative data: each sample has {given} values (array {list(array.shape)}), but the input {name!r} "
            f"takes {size} (shape {list(shape)})"
        )
    return array.reshape(len(array), *shape)
