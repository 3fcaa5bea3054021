"""Checks that a FlatBuffer keeps to its schema, before anything follows an offset in it.

The Python and C++ readers of a FlatBuffer trust its offsets: a damaged file makes the one raise anything and
the other read foreign memory. After `verify` every table, vector, string and scalar that the schema names is
known to lie inside the data, aligned, and every string to end with a zero.

Source: the FlatBuffers internals document, and what its C++ ``Verifier`` checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_runtime.errors import ModelError

__all__ = ["Field", "OneOf", "Scalar", "Schema", "String", "TableOf", "VectorOf", "verify"]


@dataclass(frozen=True)
class Scalar:
    """A number of `size` bytes, kept in the table itself."""

    size: int


@dataclass(frozen=True)
class String:
    """A length, so many bytes, and a zero."""


@dataclass(frozen=True)
class TableOf:
    """Another table, by its name in the schema."""

    table: str


@dataclass(frozen=True)
class VectorOf:
    """A length, and so many elements."""

    element: Scalar | TableOf


@dataclass(frozen=True)
class OneOf:
    """A union: which table it is, says the byte in the slot before. Types that are not listed are not followed."""

    tables: Mapping[int, str]


#: None stands for a slot that nobody reads, and that therefore is not checked.
Field = Scalar | String | TableOf | VectorOf | OneOf | None

#: Each table's fields, in the order of their slots. Tables do not contain themselves, not even indirectly.
Schema = Mapping[str, tuple[Field, ...]]

_OFFSET_BYTES = 4
_VTABLE_HEADER_BYTES = 4
# Every byte of an honest file is looked at a few times, as vtables are shared. More means offsets made to overlap.
_VISITS_PER_BYTE = 16


def verify(data: bytes, root: str, schema: Schema) -> None:
    """Check `data` from its root table down, in time proportional to its size.

    Parameters
    ----------
    data
        The whole file.
    root
        Name of the root table.
    schema
        What each table holds.

    Raises
    ------
    ModelError
        If anything lies outside the data or is misaligned, or if so much overlaps that reading it would take
        far longer than the file's size explains.
    """
    verifier = _Verifier(data, schema)
    verifier.check_table(verifier.follow(0, "the root table"), root)


class _Verifier:
    def __init__(self, data: bytes, schema: Schema) -> None:
        self._data = data
        self._schema = schema
        self._done: set[tuple[int, str]] = set()
        self._budget = _VISITS_PER_BYTE * len(data)

    def follow(self, position: int, what: str) -> int:
        """Return where the offset that is stored at `position` leads."""
        return position + self._number(position, _OFFSET_BYTES, what)

    def check_table(self, start: int, name: str) -> None:
        """Check a table and everything that hangs on it; each table once, however often it is referred to."""
        if (start, name) in self._done:
            return
        self._done.add((start, name))
        slots = self._slots(start, name)
        for slot, field in enumerate(self._schema[name]):
            if field is None or slots.get(slot) is None:
                continue
            if isinstance(field, OneOf):
                self._check_union(slots, slot, field, f"{name}, field {slot}")
            else:
                self._check_field(slots[slot], field, f"{name}, field {slot}")

    def _slots(self, start: int, name: str) -> dict[int, int]:
        """Return the positions of the fields that this table has, by slot."""
        vtable = start - self._number(start, _OFFSET_BYTES, name, signed=True)
        vtable_bytes = self._number(vtable, 2, name)
        if vtable_bytes < _VTABLE_HEADER_BYTES or vtable_bytes % 2:
            raise _damaged(name, vtable)
        self._require(vtable, vtable_bytes, 2, name)
        table_bytes = self._number(vtable + 2, 2, name)
        self._require(start, table_bytes, _OFFSET_BYTES, name)
        entries = memoryview(self._data)[vtable + _VTABLE_HEADER_BYTES : vtable + vtable_bytes]
        offsets = (int.from_bytes(entries[i : i + 2], "little") for i in range(0, len(entries), 2))
        return {slot: start + offset for slot, offset in enumerate(offsets) if offset > 0}

    def _check_union(self, slots: dict[int, int], slot: int, field: OneOf, what: str) -> None:
        kind = self._number(slots[slot - 1], 1, what) if slot - 1 in slots else 0
        if kind in field.tables:
            self.check_table(self.follow(slots[slot], what), field.tables[kind])

    def _check_field(self, position: int, field: Scalar | String | TableOf | VectorOf, what: str) -> None:
        if isinstance(field, Scalar):
            self._require(position, field.size, field.size, what)
        elif isinstance(field, TableOf):
            self.check_table(self.follow(position, what), field.table)
        elif isinstance(field, String):
            self._check_string(self.follow(position, what), what)
        else:
            self._check_vector(self.follow(position, what), field.element, what)

    def _check_string(self, start: int, what: str) -> None:
        length = self._number(start, _OFFSET_BYTES, what)
        self._require(start + _OFFSET_BYTES, length + 1, 1, what)
        if self._data[start + _OFFSET_BYTES + length] != 0:
            raise _damaged(what, start)

    def _check_vector(self, start: int, element: Scalar | TableOf, what: str) -> None:
        length = self._number(start, _OFFSET_BYTES, what)
        first = start + _OFFSET_BYTES
        size = element.size if isinstance(element, Scalar) else _OFFSET_BYTES
        self._require(first, length * size, size, what)
        if isinstance(element, TableOf):
            for position in range(first, first + length * size, size):
                self.check_table(self.follow(position, what), element.table)

    def _number(self, position: int, size: int, what: str, *, signed: bool = False) -> int:
        self._require(position, size, size, what)
        return int.from_bytes(self._data[position : position + size], "little", signed=signed)

    def _require(self, position: int, size: int, alignment: int, what: str) -> None:
        self._budget -= size
        if position < 0 or position + size > len(self._data) or position % alignment or self._budget < 0:
            raise _damaged(what, position)


def _damaged(what: str, position: int) -> ModelError:
    return ModelError(f"damaged or truncated: {what}, at byte {position}, is not where the file can hold it")
