"""The overlay's memory windows: whole blocks in and out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.accelerator.bus.base import WORD_BYTES, Bus
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.parameters import TABLE_PAIR_BYTES, OverlayParameters
from edge_runtime.compiler.program import Placement, Program

__all__ = ["Memories", "put_tensor", "take_tensor"]

_CHANNEL_BYTES = 16
_SIGN = 128


class Memories:
    """Program, weights, channel parameters, tables, activations and stamps of an overlay with these parameters."""

    def __init__(self, bus: Bus, parameters: OverlayParameters) -> None:
        self._bus = bus
        self._parameters = parameters
        self._base = {name: window.offset for name, window in host_interface().windows.items()}
        self._descriptor_bytes = WORD_BYTES * host_interface().descriptor_words

    def descriptor(self, index: int) -> int:
        """Return a descriptor's offset."""
        return self._base["PROGRAM"] + index * self._descriptor_bytes

    def channel(self, index: int) -> int:
        """Return the offset of an array channel's parameters."""
        return self._base["PARAMETERS"] + index * _CHANNEL_BYTES

    def weight_row(self, row: int) -> int:
        """Return the offset of a row of the array's weights."""
        return self._base["WEIGHTS"] + row * self._parameters.weight_row_pitch

    def write_words(self, offset: int, words: npt.NDArray[np.uint32], used: npt.NDArray[np.bool_]) -> None:
        """Write those of uint32[n] that are used, bool[n]; where another transfer would cost more, others too."""
        for start, end in self._runs(used):
            self._bus.write(offset + start * WORD_BYTES, words[start:end].tobytes())

    def read_words(self, offset: int, used: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint32]:
        """Return uint32[n]: the words that are used, bool[n], and 0 for those that were not read."""
        words = np.zeros(len(used), np.uint32)
        for start, end in self._runs(used):
            data = self._bus.read(offset + start * WORD_BYTES, (end - start) * WORD_BYTES)
            words[start:end] = np.frombuffer(data, np.uint32)
        return words

    def _runs(self, used: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
        """Return start and end of each run of used words; gaps that cost less than a transfer are taken along."""
        edges = np.flatnonzero(np.diff(np.concatenate([[False], used, [False]])))
        runs: list[tuple[int, int]] = []
        for start, end in edges.reshape(-1, 2).tolist():
            if runs and start - runs[-1][1] <= self._bus.gap_words:
                runs[-1] = (runs[-1][0], end)
            else:
                runs.append((start, end))
        return runs

    def write_descriptors(self, first: int, descriptors: npt.NDArray[np.uint32]) -> None:
        """Write uint32[n, words] from descriptor `first` on."""
        self._bus.write(self.descriptor(first), descriptors.tobytes())

    def read_descriptors(self, first: int, count: int) -> npt.NDArray[np.uint32]:
        """Return uint32[count, words]."""
        data = self._bus.read(self.descriptor(first), count * self._descriptor_bytes)
        return np.frombuffer(data, np.uint32).reshape(count, -1)

    def write_channels(self, first: int, channels: npt.NDArray[np.uint32], *, window: str = "PARAMETERS") -> None:
        """Write uint32[n, 4] from channel `first` on; `window` is the unit's: PARAMETERS or VECTOR_PARAMETERS."""
        self._bus.write(self._base[window] + first * _CHANNEL_BYTES, channels.tobytes())

    def write_weights(self, first: int, rows: npt.NDArray[np.uint8]) -> None:
        """Write uint8[n, row bytes] from weight row `first` on."""
        self._write_rows(self.weight_row(first), self._parameters.weight_row_pitch, rows)

    def write_vector_weights(self, first: int, rows: npt.NDArray[np.uint8]) -> None:
        """Write uint8[n, row bytes] from the vector unit's weight row `first` on."""
        pitch = self._parameters.vec_weight_row_pitch
        self._write_rows(self._base["VECTOR_WEIGHTS"] + first * pitch, pitch, rows)

    def _write_rows(self, offset: int, pitch: int, rows: npt.NDArray[np.uint8]) -> None:
        for index, row in enumerate(rows):
            padding = -row.nbytes % WORD_BYTES
            self._bus.write(offset + index * pitch, row.tobytes() + bytes(padding))

    def write_tables(self, first: int, tables: npt.NDArray[np.int32]) -> None:
        """Write int32[pairs, 256, 2] from pair `first` on."""
        self._bus.write(self._base["TABLES"] + first * TABLE_PAIR_BYTES, tables.tobytes())

    def write_program(self, program: Program) -> None:
        """Write all of a program's images to where they begin."""
        origin = program.origin
        self.write_weights(origin.weight_rows, program.weight_rows)
        self.write_channels(origin.param_channels, program.channels)
        self.write_vector_weights(origin.vec_weight_rows, program.vec_weight_rows)
        self.write_channels(origin.vec_param_channels, program.vec_channels, window="VECTOR_PARAMETERS")
        self.write_tables(origin.table_pairs, program.tables)
        self.write_descriptors(origin.descriptors, program.descriptors)

    def write_activations(self, place: Placement, values: npt.NDArray[Any]) -> None:
        """Write an 8-bit tensor to its place, as one block; what lies between its lines may hold anything."""
        block = np.zeros(place.span + -place.span % WORD_BYTES, np.int8)
        put_tensor(block, place, values)
        self._bus.write(self._base["ACTIVATIONS"] + place.address, block.tobytes())

    def read_activations(self, place: Placement, dtype: npt.DTypeLike = np.int8) -> npt.NDArray[Any]:
        """Return a tensor from its place, flat; it may be of int8 or uint8."""
        first = place.address - place.address % WORD_BYTES
        length = place.address + place.span - first
        data = self._bus.read(self._base["ACTIVATIONS"] + first, length + -length % WORD_BYTES)
        return take_tensor(np.frombuffer(data, np.int8)[place.address - first :], place, dtype)

    def read_stamps(self, first: int, count: int) -> npt.NDArray[np.uint32]:
        """Return uint32[count]: the cycle at which each descriptor's layer ended."""
        return np.frombuffer(self._bus.read(self._base["STAMPS"] + first * WORD_BYTES, count * WORD_BYTES), np.uint32)


def put_tensor(block: npt.NDArray[np.int8], place: Placement, values: npt.NDArray[Any]) -> None:
    """Write an 8-bit tensor into a block of bytes that begins with its first one."""
    _pixels(block, place)[...] = _stored(values).reshape(place.form)


def take_tensor(block: npt.NDArray[np.int8], place: Placement, dtype: npt.DTypeLike = np.int8) -> npt.NDArray[Any]:
    """Return a tensor, int8 or uint8 and flat, from a block of bytes that begins with its first one."""
    values = _pixels(block, place).reshape(-1)
    return values.copy() if dtype != np.uint8 else (values.view(np.uint8) ^ np.uint8(_SIGN))


def _pixels(block: npt.NDArray[np.int8], place: Placement) -> npt.NDArray[np.int8]:
    """Return a view of the tensor's bytes in a block that begins with its first one: [lines, columns, channels]."""
    return np.ndarray(place.form, np.int8, block, strides=(place.pitch, place.pixel, 1))


def _stored(values: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
    """Return 8-bit values as the engine stores them: uint8 ones less 128."""
    if values.dtype == np.uint8:
        return (values ^ np.uint8(_SIGN)).view(np.int8)
    return np.asarray(values, np.int8)
