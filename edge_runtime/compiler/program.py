"""The program: what the compiler makes of a model, and what every accelerator loads.

On the overlay a program is three memory images (descriptors, weight rows, channel parameters) and a list of parts,
each run by the overlay or by the CPU. It carries the TFLite file it was made from, unchanged: the CPU's parts
are computed from it, and accelerators without an overlay run it directly.

File format: the magic ``EDGEPROG``, format version and header length (little-endian uint32 each), a JSON header,
the images one after another as the header lists them, and the SHA-256 of all that.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.errors import StateError
from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.graph import Graph
from edge_runtime.model.reader import read_tflite

__all__ = ["HeadSlot", "LayerPlace", "Part", "Placement", "Program"]

_MAGIC = b"EDGEPROG"
_VERSION = 1
_PREFIX = struct.Struct("<8sII")
_DIGEST_BYTES = 32


@dataclass(frozen=True)
class Placement:
    """Where a tensor lies in the activation memory."""

    tensor: int
    address: int


@dataclass(frozen=True)
class LayerPlace:
    """Which descriptor runs an operator, and the cycles from its first step to the next layer's."""

    operator: int
    descriptor: int
    cycles: int


@dataclass(frozen=True)
class Part:
    """A run of operators that go to one place.

    Parameters
    ----------
    operators
        Their indices, in order.
    on_overlay
        Whether the overlay runs them; the CPU does otherwise, and the other fields are empty.
    entry
        The first descriptor.
    inputs, outputs
        Tensors to write before and to read after the run.
    layers
        The overlay's layers.
    cycles
        Of the whole run, by the cycle model.
    """

    operators: tuple[int, ...]
    on_overlay: bool
    entry: int = 0
    inputs: tuple[Placement, ...] = ()
    outputs: tuple[Placement, ...] = ()
    layers: tuple[LayerPlace, ...] = ()
    cycles: int = 0


@dataclass(frozen=True)
class HeadSlot:
    """Where the double-banked last layer lies.

    Parameters
    ----------
    operator
        The model's head.
    descriptor
        Index of bank 0's descriptor; bank 1's is the next.
    weight_rows, param_rows
        First row of each bank.
    row_capacity
        Weight rows in each bank.
    """

    operator: int
    descriptor: int
    weight_rows: tuple[int, int]
    param_rows: tuple[int, int]
    row_capacity: int


@dataclass(frozen=True)
class Program:
    """A compiled model.

    Parameters
    ----------
    name
        The model's.
    model
        The TFLite file.
    parameters
        Of the overlay that the program is for.
    rounding
        The rounding that the overlay and the reference compute with.
    parts
        In execution order.
    head
        None where the network has no head, or the head is not on the overlay.
    descriptors
        uint32[descriptors, words].
    weight_rows
        uint8[rows, row bytes], from row 0.
    channels
        uint32[channels, 4], from channel 0.
    act_bytes
        Bytes of activation memory in use.
    """

    name: str
    model: bytes
    parameters: OverlayParameters
    rounding: Rounding
    parts: tuple[Part, ...]
    head: HeadSlot | None
    descriptors: npt.NDArray[np.uint32]
    weight_rows: npt.NDArray[np.uint8]
    channels: npt.NDArray[np.uint32]
    act_bytes: int

    @cached_property
    def graph(self) -> Graph:
        """The model as a graph."""
        return read_tflite(self.model, self.name)

    @property
    def cycles(self) -> int:
        """Engine cycles of one inference, by the cycle model."""
        return sum(part.cycles for part in self.parts)

    def to_bytes(self) -> bytes:
        """Return the program as a file's content."""
        images: dict[str, npt.NDArray[Any]] = {
            "model": np.frombuffer(self.model, np.uint8),
            "descriptors": self.descriptors,
            "weight_rows": self.weight_rows,
            "channels": self.channels,
        }
        header = {
            "name": self.name,
            "parameters": asdict(self.parameters),
            "rounding": self.rounding.value,
            "parts": [asdict(part) for part in self.parts],
            "head": asdict(self.head) if self.head else None,
            "act_bytes": self.act_bytes,
            "images": {name: [image.dtype.str, *image.shape] for name, image in images.items()},
        }
        text = json.dumps(header, separators=(",", ":")).encode()
        blocks = [np.ascontiguousarray(image).tobytes() for image in images.values()]
        content = b"".join([_PREFIX.pack(_MAGIC, _VERSION, len(text)), text, *blocks])
        return content + hashlib.sha256(content).digest()

    @classmethod
    def from_bytes(cls, content: bytes) -> Program:
        """Read a program back.

        Raises
        ------
        StateError
            If this is no program, or a damaged one, or one of another format version.
        """
        header, images = _open(content)
        head = header["head"]
        return cls(
            name=header["name"],
            model=images["model"].tobytes(),
            parameters=OverlayParameters(**header["parameters"]),
            rounding=Rounding(header["rounding"]),
            parts=tuple(_part(row) for row in header["parts"]),
            head=HeadSlot(**{name: _tuples(value) for name, value in head.items()}) if head else None,
            descriptors=images["descriptors"],
            weight_rows=images["weight_rows"],
            channels=images["channels"],
            act_bytes=header["act_bytes"],
        )


def _open(content: bytes) -> tuple[Mapping[str, Any], dict[str, npt.NDArray[Any]]]:
    if len(content) < _PREFIX.size + _DIGEST_BYTES or not content.startswith(_MAGIC):
        raise StateError("this is not a compiled program: it does not begin with EDGEPROG")
    body, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        raise StateError("the program is damaged: its checksum does not match; compile the model again")
    _, version, length = _PREFIX.unpack_from(body)
    if version != _VERSION:
        raise StateError(f"the program has format version {version}; this release reads {_VERSION}: compile again")
    header = json.loads(body[_PREFIX.size : _PREFIX.size + length])
    images, offset = {}, _PREFIX.size + length
    for name, (dtype, *shape) in header["images"].items():
        count = int(np.prod(shape, dtype=np.int64))
        images[name] = np.frombuffer(body, dtype, count, offset).reshape(shape)
        offset += images[name].nbytes
    return header, images


def _part(row: Mapping[str, Any]) -> Part:
    fields = dict(row)
    fields["operators"] = tuple(fields["operators"])
    fields["inputs"] = tuple(Placement(**place) for place in fields["inputs"])
    fields["outputs"] = tuple(Placement(**place) for place in fields["outputs"])
    fields["layers"] = tuple(LayerPlace(**place) for place in fields["layers"])
    return Part(**fields)


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
