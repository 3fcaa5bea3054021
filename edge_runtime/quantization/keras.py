"""A Keras model becomes TFLite files, float and int8, by TensorFlow's converter."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ModelError, ToolError

__all__ = ["KerasModel", "is_keras"]

_SUFFIXES = (".keras", ".h5", ".hdf5")


def is_keras(path: Path) -> bool:
    """Whether a path looks like a Keras file or a SavedModel folder."""
    return path.suffix in _SUFFIXES or (path / "saved_model.pb").is_file()


class KerasModel:
    """A Keras file or SavedModel folder, opened by TensorFlow.

    Raises
    ------
    ToolError
        If TensorFlow is not installed.
    ModelError
        If it cannot read the model.
    """

    def __init__(self, path: Path) -> None:
        try:
            import tensorflow  # noqa: PLC0415
        except ImportError as error:
            raise ToolError(
                "a Keras model is converted by TensorFlow, which wants an environment of its own: "
                "pip install 'edge-runtime[train]' there"
            ) from error
        self._tf: Any = tensorflow
        self._path = path
        try:
            self._model = None if path.is_dir() else tensorflow.keras.models.load_model(path, compile=False)
        except (OSError, ValueError, TypeError) as error:
            raise ModelError(f"{path}: TensorFlow cannot read it ({str(error).splitlines()[0]})") from error

    def to_float(self) -> bytes:
        """Return the model as a float TFLite file."""
        return self._convert(self._converter())

    @property
    def version(self) -> str:
        """TensorFlow's version."""
        return str(self._tf.__version__)

    def to_int8(self, samples: Sequence[npt.NDArray[np.float32]]) -> bytes:
        """Return the model as an int8 TFLite file, inputs and outputs too.

        Parameters
        ----------
        samples
            For each input float32[samples, 1, …].
        """
        tf, converter = self._tf, self._converter()

        def representative() -> Iterator[list[Any]]:
            for sample in zip(*samples, strict=True):
                yield [np.asarray(value) for value in sample]

        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = representative
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        return self._convert(converter)

    def _converter(self) -> Any:
        lite = self._tf.lite.TFLiteConverter
        return lite.from_saved_model(str(self._path)) if self._model is None else lite.from_keras_model(self._model)

    def _convert(self, converter: Any) -> bytes:
        try:
            with redirect_stdout(sys.stderr):  # it prints what it does
                return bytes(converter.convert())
        except Exception as error:  # the converter raises whatever its passes raise
            raise ModelError(f"{self._path}: TensorFlow cannot convert it ({str(error).splitlines()[0]})") from error
