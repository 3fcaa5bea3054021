"""The activity view's features and network in the plain way: NumPy over a window, and TFLite."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
import numpy.typing as npt
import paho.mqtt.client as paho
from tflite_runtime.interpreter import Interpreter

from edge_runtime.features import FeatureView
from edge_runtime.paths import examples_folder

__all__ = ["Network", "Publisher", "numpy_features", "spectrum_and_crossings"]

CLASSES = ("Standing", "Running", "Walking", "Badminton")
BANDS = ((0.25, 1.5), (1.5, 3.0), (3.0, 5.0))
RATE_HZ = 10.0


def numpy_features(window: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the nine features of each channel of a window, float32[40, 6], kernel by kernel."""
    wide = window.astype(np.float64)
    moments = [wide.mean(0), wide.std(0), np.sqrt((wide * wide).mean(0)), wide.min(0), wide.max(0)]
    return np.concatenate([*moments, *spectrum_and_crossings(wide)])


def spectrum_and_crossings(wide: npt.NDArray[np.float64]) -> list[npt.NDArray[np.float64]]:
    """Return zero crossings and the power in three bands, of each channel."""
    signs = wide >= 0
    power = np.abs(np.fft.rfft((wide - wide.mean(0)) * np.hanning(len(wide))[:, None], axis=0)) ** 2
    hertz = np.fft.rfftfreq(len(wide), 1 / RATE_HZ)
    bands = [power[(hertz >= low) & (hertz < high)].sum(0) / len(wide) for low, high in BANDS]
    return [(signs[1:] != signs[:-1]).sum(0).astype(np.float64), *bands]


class Network:
    """The activity network in TFLite, after the view's normalisation."""

    def __init__(self) -> None:
        folder = examples_folder() / "activity"
        normalisation = FeatureView.from_toml(folder / "view.toml").normalisation
        assert normalisation is not None
        self._mean, self._std = np.array(normalisation.mean), np.array(normalisation.std)
        self._interpreter = Interpreter(str(folder / "activity.tflite"), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input: Any = self._interpreter.get_input_details()[0]
        self._output: Any = self._interpreter.get_output_details()[0]

    def __call__(self, features: npt.NDArray[np.float64]) -> list[int]:
        """Return the int8 outputs for a window's features, float64[54]."""
        scale, zero = self._input["quantization"]
        normal = (features - self._mean) / self._std
        stored = np.clip(np.round(normal / scale) + zero, -128, 127).astype(np.int8)
        self._interpreter.set_tensor(self._input["index"], stored.reshape(self._input["shape"]))
        self._interpreter.invoke()
        outputs: list[int] = self._interpreter.get_tensor(self._output["index"]).ravel().tolist()
        return outputs


class Publisher:
    """Publishes predictions with paho's own client, QoS 1."""

    def __init__(self, port: int) -> None:
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=f"peer-{os.getpid()}")
        self._client.max_inflight_messages_set(512)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._last: Any = None

    def __call__(self, t_ns: int, outputs: list[int]) -> None:
        """Publish one prediction."""
        index = outputs.index(max(outputs))
        record = {"kind": "prediction", "t_ns": t_ns, "index": index, "name": CLASSES[index], "outputs": outputs}
        self._last = self._client.publish("edge/v1/peer/activity/prediction", json.dumps([record]), qos=1)

    def close(self) -> None:
        """Wait until all has been acknowledged."""
        self._last.wait_for_publish(60)
        self._client.disconnect()
        self._client.loop_stop()
