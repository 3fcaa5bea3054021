"""The program: what the compiler makes of a model, and what every accelerator loads.

On the overlay a program is images of its memories (descriptors; weight rows and channel parameters of both units;
tables) and a list of parts, each run by the overlay or by the CPU. It carries the TFLite file it was made from,
unchanged: the CPU's parts are computed from it, and accelerators without an overlay run it directly.

File format: the magic ``EDGEPROG``, format version and header length (little-endian uint32 each), a JSON header,
the images one after another as the header lists them, and the SHA-256 of all that.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.origin import Origin
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.compiler.placement import Decision
from edge_runtime.errors import StateError
from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.graph import Graph
from edge_runtime.model.reader import read_tflite

__all__ = ["BufferUse", "HeadSlot", "LayerPlace", "Part", "Placement", "Program"]

_MAGIC = b"EDGEPROG"
_VERSION = 2
_PREFIX = struct.Struct("<8sII")
_DIGEST_BYTES = 32


@dataclass(frozen=True)
class Placement:
    """How a tensor lies in the activation memory: lines of pixels of channels.

    Parameters
    ----------
    tensor
        Its index.
    address
        Of its first byte.
    form
        Lines, pixels in a line, bytes in a pixel.
    pixel, pitch
        Bytes from one pixel, and from one line, to the next.
    """

    tensor: int
    address: int
    form: tuple[int, int, int]
    pixel: int
    pitch: int

    @property
    def span(self) -> int:
        """Bytes from the first one to behind the last one."""
        lines, columns, channels = self.form
        return (lines - 1) * self.pitch + (columns - 1) * self.pixel + channels

    def offsets(self) -> npt.NDArray[np.int64]:
        """Return the offset of each byte from the first one, int64[lines, pixels, bytes]."""
        lines, pixels, channels = (np.arange(count, dtype=np.int64) for count in self.form)
        return (lines * self.pitch)[:, None, None] + (pixels * self.pixel)[:, None] + channels


@dataclass(frozen=True)
class LayerPlace:
    """One layer of a part.

    Parameters
    ----------
    operator
        The model's operator that it belongs to.
    descriptor
        Its descriptor's index.
    unit
        ``array`` or ``vector``.
    cycles
        From its first step to the next layer's, or to the end of the run.
    ends
        The cycle of its last output, counted from START.
    output
        Where its output lies; None for the vector unit's of two layers side by side, of which the array's, behind it,
        says where the output of both lies, and for what only the compiler knows.
    """

    operator: int
    descriptor: int
    unit: str
    cycles: int
    ends: int
    output: Placement | None


@dataclass(frozen=True)
class BufferUse:
    """Bytes of activation memory that a part uses from layer `first` to layer `last`, for this tensor."""

    tensor: int
    address: int
    size: int
    first: int
    last: int


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
    prefetch
        The cycle, counted from START, from which on the next run's inputs may be written to their place; 0 if only the
        end of the run will do, or the overlay has no burst master.
    buffers
        The activation memory's use.
    """

    operators: tuple[int, ...]
    on_overlay: bool
    entry: int = 0
    inputs: tuple[Placement, ...] = ()
    outputs: tuple[Placement, ...] = ()
    layers: tuple[LayerPlace, ...] = ()
    cycles: int = 0
    prefetch: int = 0
    buffers: tuple[BufferUse, ...] = ()


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
    source
        How its input lies.
    """

    operator: int
    descriptor: int
    weight_rows: tuple[int, int]
    param_rows: tuple[int, int]
    row_capacity: int
    source: Placement


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
        uint8[rows, row bytes].
    channels
        uint32[channels, 4].
    vec_weight_rows, vec_channels
        The same of the vector unit.
    tables
        int32[pairs, 256, 2].
    decisions
        Who runs each operator, and why.
    act_bytes
        Bytes of activation memory in use.
    origin
        Where in the overlay's memories the images begin; what names a place in them counts from 0.
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
    vec_weight_rows: npt.NDArray[np.uint8]
    vec_channels: npt.NDArray[np.uint32]
    tables: npt.NDArray[np.int32]
    decisions: tuple[Decision, ...]
    act_bytes: int
    origin: Origin = field(default_factory=Origin)

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
            "vec_weight_rows": self.vec_weight_rows,
            "vec_channels": self.vec_channels,
            "tables": self.tables,
        }
        header = {
            "name": self.name,
            "parameters": asdict(self.parameters),
            "rounding": self.rounding.value,
            "parts": [asdict(part) for part in self.parts],
            "head": asdict(self.head) if self.head else None,
            "decisions": [asdict(decision) for decision in self.decisions],
            "act_bytes": self.act_bytes,
            "origin": asdict(self.origin),
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
            head=_head(head) if head else None,
            descriptors=images["descriptors"],
            weight_rows=images["weight_rows"],
            channels=images["channels"],
            vec_weight_rows=images["vec_weight_rows"],
            vec_channels=images["vec_channels"],
            tables=images["tables"],
            decisions=tuple(Decision(**row) for row in header["decisions"]),
            act_bytes=header["act_bytes"],
            origin=Origin(**header.get("origin", {})),
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
    fields["inputs"] = tuple(_placement(place) for place in fields["inputs"])
    fields["outputs"] = tuple(_placement(place) for place in fields["outputs"])
    fields["layers"] = tuple(_layer(place) for place in fields["layers"])
    fields["buffers"] = tuple(BufferUse(**use) for use in fields["buffers"])
    return Part(**fields)


def _placement(row: Mapping[str, Any]) -> Placement:
    return Placement(**{**row, "form": tuple(row["form"])})


def _layer(row: Mapping[str, Any]) -> LayerPlace:
    return LayerPlace(**{**row, "output": _placement(row["output"]) if row["output"] else None})


def _head(row: Mapping[str, Any]) -> HeadSlot:
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    fields["source"] = _placement(row["source"])
    return HeadSlot(**fields)
