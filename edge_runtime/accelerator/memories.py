"""The overlay's memory windows: whole blocks in and out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_runtime.accelerator.bus.base import WORD_BYTES, Bus
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.parameters import OverlayParameters

__all__ = ["Memories"]

_CHANNEL_BYTES = 16


class Memories:
    """Program, weights, channel parameters, activations and stamps of an overlay with these parameters."""

    def __init__(self, bus: Bus, parameters: OverlayParameters) -> None:
        self._bus = bus
        self._parameters = parameters
        self._base = {name: window.offset for name, window in host_interface().windows.items()}
        self._descriptor_bytes = WORD_BYTES * host_interface().descriptor_words

    def write_descriptors(self, first: int, descriptors: npt.NDArray[np.uint32]) -> None:
        """Write uint32[n, words] from descriptor `first` on."""
        self._bus.write(self._base["PROGRAM"] + first * self._descriptor_bytes, descriptors.tobytes())

    def read_descriptors(self, first: int, count: int) -> npt.NDArray[np.uint32]:
        """Return uint32[count, words]."""
        data = self._bus.read(self._base["PROGRAM"] + first * self._descriptor_bytes, count * self._descriptor_bytes)
        return np.frombuffer(data, np.uint32).reshape(count, -1)

    def write_channels(self, first: int, channels: npt.NDArray[np.uint32]) -> None:
        """Write uint32[n, 4] from output channel `first` on."""
        self._bus.write(self._base["PARAMETERS"] + first * _CHANNEL_BYTES, channels.tobytes())

    def read_channels(self, first: int, count: int) -> npt.NDArray[np.uint32]:
        """Return uint32[count, 4]."""
        data = self._bus.read(self._base["PARAMETERS"] + first * _CHANNEL_BYTES, count * _CHANNEL_BYTES)
        return np.frombuffer(data, np.uint32).reshape(count, 4)

    def write_weights(self, first: int, rows: npt.NDArray[np.uint8]) -> None:
        """Write uint8[n, row bytes] from weight row `first` on."""
        for index, row in enumerate(rows):
            self._bus.write(self._weight_row(first + index), row.tobytes())

    def read_weights(self, first: int, count: int) -> npt.NDArray[np.uint8]:
        """Return uint8[count, row bytes]."""
        length = self._parameters.weight_row_bytes
        rows = [self._bus.read(self._weight_row(first + index), length) for index in range(count)]
        return np.frombuffer(b"".join(rows), np.uint8).reshape(count, length)

    def _weight_row(self, row: int) -> int:
        return self._base["WEIGHTS"] + row * self._parameters.weight_row_pitch

    def write_activations(self, address: int, values: npt.NDArray[np.int8]) -> None:
        """Write a tensor at a byte address that is a multiple of 4, padded to whole words."""
        padding = -values.nbytes % WORD_BYTES
        self._bus.write(self._base["ACTIVATIONS"] + address, values.tobytes() + bytes(padding))

    def read_activations(self, address: int, count: int) -> npt.NDArray[np.int8]:
        """Return int8[count] from a byte address that is a multiple of 4."""
        data = self._bus.read(self._base["ACTIVATIONS"] + address, count + -count % WORD_BYTES)
        return np.frombuffer(data, np.int8, count)

    def read_stamps(self, first: int, count: int) -> npt.NDArray[np.uint32]:
        """Return uint32[count]: the cycle at which each descriptor's layer ended."""
        return np.frombuffer(self._bus.read(self._base["STAMPS"] + first * WORD_BYTES, count * WORD_BYTES), np.uint32)
