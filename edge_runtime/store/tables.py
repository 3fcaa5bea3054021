"""Which of a record's fields stand in which table and column."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

__all__ = ["TABLES", "Column", "Table", "table_of"]

EVERYWHERE = frozenset({"schema", "id", "t_ns", "pipeline"})
"""Fields that every record has; the schema's number is the store's own concern."""


@dataclass(frozen=True)
class Column:
    """A column.

    Parameters
    ----------
    name
        What it is called in the table.
    field
        What it is called in the record.
    kind
        ``int``, ``real``, ``text``, ``bool``, or ``json`` for lists and tables.
    """

    name: str
    field: str
    kind: str

    def stored(self, value: Any) -> Any:
        """Return a field's value as SQLite takes it."""
        return json.dumps(value, separators=(",", ":")) if self.kind == "json" and value is not None else value

    def read(self, value: Any) -> Any:
        """Return what was stored as it was in the record."""
        if value is None:
            return None
        if self.kind == "json":
            return json.loads(value)
        return bool(value) if self.kind == "bool" else value


@dataclass(frozen=True)
class Table:
    """A table of records.

    Parameters
    ----------
    name
        Its name.
    columns
        Its own columns, beside ``seq``, ``put_ns`` and ``more``.
    """

    name: str
    columns: tuple[Column, ...]

    @property
    def own(self) -> frozenset[str]:
        """The fields that have a column."""
        return frozenset(column.field for column in self.columns) | EVERYWHERE

    def row(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return a record's columns by name; what has none of its own stands as JSON in ``more``."""
        row = {column.name: column.stored(record.get(column.field)) for column in self.columns}
        # A record's kind is its table's name, but for the table of all others, which has a column for it.
        rest = {key: value for key, value in record.items() if key not in self.own and key != "kind"}
        row["more"] = json.dumps(rest, separators=(",", ":")) if rest else None
        return row


def _table(name: str, **columns: str) -> Table:
    """Write a table as ``column="field:kind"``, or ``column="kind"`` where the field is called the same."""
    first = (Column("id", "id", "text"), Column("pipeline", "pipeline", "text"), Column("t_ns", "t_ns", "int"))
    own = []
    for column, text in columns.items():
        field, _, kind = text.rpartition(":")
        own.append(Column(column, field or column, kind))
    return Table(name, (*first, *own))


TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: table
        for table in (
            _table(
                "prediction",
                start_ns="int",
                window="int",
                prediction="int",
                class_index="index:int",
                class_name="name:text",
                outputs="json",
                head="text",
                cycles="int",
                mismatches="int",
                latency_ms="real",
                flags="json",
            ),
            _table(
                "label",
                prediction="int",
                class_index="index:int",
                class_name="name:text",
                source="text",
                status="text",
                served_right="bool",
                learnt="bool",
            ),
            _table("head", decision="text", head="text", evidence="json"),
            _table(
                "evaluation",
                serving="text",
                label_delay_s="real",
                asked="int",
                changes="int",
                heads="json",
                sources="json",
            ),
            _table("event", kind="text", event="text", error="text", message="text"),
        )
    }
)
"""The tables by name; ``event`` takes every kind of record that has no table of its own."""


def table_of(record: Mapping[str, Any]) -> Table:
    """Return the table that a record belongs to."""
    return TABLES.get(str(record.get("kind")), TABLES["event"])
