"""The verifier: accepts what keeps to the schema, and never follows an offset out of the data."""

from __future__ import annotations

import struct
import time

import numpy as np
import pytest

from edge_runtime.errors import ModelError
from edge_runtime.model import GraphBuilder, write_tflite
from edge_runtime.model.flatbuffer import OneOf, Scalar, String, TableOf, VectorOf, verify
from edge_runtime.model.tflite_schema import ROOT, TFLITE_SCHEMA

LEAF = {"Root": (Scalar(4), String(), VectorOf(Scalar(2))), "Many": (VectorOf(TableOf("Root")),)}


def table(fields: bytes, offsets: list[int], *, table_bytes: int | None = None) -> bytes:
    """Return a root offset, a vtable, and a table with these bytes behind its first four."""
    vtable_bytes = 4 + 2 * len(offsets)
    vtable = struct.pack(f"<HH{len(offsets)}H", vtable_bytes, table_bytes or 4 + len(fields), *offsets)
    vtable += b"\0" * (-len(vtable) % 4)
    return struct.pack("<I", 4 + len(vtable)) + vtable + struct.pack("<i", len(vtable)) + fields


def refused(data: bytes, root: str = "Root", schema=LEAF) -> None:
    with pytest.raises(ModelError, match="damaged or truncated"):
        verify(data, root, schema)


def test_a_good_table_with_absent_and_present_fields():
    verify(table(b"", []), "Root", LEAF)
    verify(table(struct.pack("<I", 7), [4]), "Root", LEAF)
    # a string of 3 at 4 + 4, then a zero
    verify(table(struct.pack("<II", 4, 3) + b"abc\0", [0, 4]), "Root", LEAF)
    # a vector of two 16-bit numbers, and a slot that the schema does not know
    verify(table(struct.pack("<IIHH", 4, 2, 1, 2), [0, 0, 4, 4]), "Root", LEAF)


def test_strings_must_end():
    refused(table(struct.pack("<II", 4, 3) + b"abcd", [0, 4]))
    refused(table(struct.pack("<II", 4, 4) + b"abc\0", [0, 4]))
    refused(table(struct.pack("<II", 4, 0xFFFFFFFF) + b"abc\0", [0, 4]))


def test_vectors_must_fit():
    refused(table(struct.pack("<IIHH", 4, 3, 1, 2), [0, 0, 4]))
    refused(table(struct.pack("<II", 0xFFFFFFF0, 3), [0, 0, 4]))
    refused(table(struct.pack("<II", 4, 0x80000000), [0, 0, 4]))


def test_fields_must_be_aligned_and_inside():
    refused(table(struct.pack("<II", 7, 7), [6]))
    refused(table(struct.pack("<I", 7), [40]))


def test_vtables_must_be_sane():
    good = table(struct.pack("<I", 7), [4])
    for position, form, value in [(0, "<I", 1000), (0, "<I", 6), (4, "<H", 3), (4, "<H", 2), (4, "<H", 400)]:
        data = bytearray(good)
        struct.pack_into(form, data, position, value)
        refused(bytes(data))
    refused(table(struct.pack("<I", 7), [4], table_bytes=400))
    data = bytearray(good)
    struct.pack_into("<i", data, len(good) - 8, 1000)
    refused(bytes(data))
    struct.pack_into("<i", data, len(good) - 8, -1000)
    refused(bytes(data))


def test_a_union_is_followed_by_its_type_only():
    schema = {"Root": (Scalar(1), OneOf({2: "Inner"})), "Inner": (Scalar(4),)}
    fields = struct.pack("<B3xI", 2, 4000)
    refused(table(fields, [4, 8]), schema=schema)
    verify(table(struct.pack("<B3xI", 3, 4000), [4, 8]), "Root", schema)
    verify(table(struct.pack("<4xI", 4000), [0, 8]), "Root", schema)


def sharing(tables: int, length: int = 1000) -> bytes:
    """Return a root with so many tables, all of which have the one vector at the end of the file."""
    head = bytearray(table(struct.pack("<II", 4, tables) + b"\0" * (4 * tables), [4]))
    first = len(head) - 4 * tables
    leaf_bytes = 16
    end = len(head) + leaf_bytes * tables
    for i in range(tables):
        start = len(head)
        struct.pack_into("<I", head, first + 4 * i, start + 8 - (first + 4 * i))
        # a vtable, padded to 8 bytes, and a table of one offset
        head += struct.pack("<HHH2xiI", 6, 8, 4, 8, end - (start + 12))
    return bytes(head + struct.pack("<I", length) + b"\0" * (4 * length))


def test_work_is_limited_by_the_size_of_the_file():
    schema = {"Root": (VectorOf(TableOf("Leaf")),), "Leaf": (VectorOf(Scalar(4)),)}
    verify(sharing(3), "Root", schema)
    refused(sharing(40), schema=schema)


def test_real_files_pass(shared_models):
    files = sorted(shared_models.rglob("*.tflite"))
    assert files
    for file in files:
        verify(file.read_bytes(), ROOT, TFLITE_SCHEMA)


def test_verifying_a_large_file_takes_little_time():
    builder = GraphBuilder("large")
    x = builder.input((1, 1000), scale=1, zero_point=0)
    y = builder.fully_connected(x, np.ones((1000, 1000)), None, weight_scale=1, scale=1000, zero_point=0)
    data = write_tflite(builder.graph(y))
    before = time.perf_counter()
    verify(data, ROOT, TFLITE_SCHEMA)
    assert time.perf_counter() - before < 0.1
