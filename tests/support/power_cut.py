"""What a power cut leaves behind: logs a process's writes and fsyncs, and makes disks as they may be after a cut.

The model is the harsh one: what was written is only there for certain after an fsync of the file, a file's name
(made, renamed or
taken away) only after an fsync of its folder. Of the rest, any part may be there or not, in any order, torn at
sectors of 512 bytes.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SECTOR = 512
SOURCE = Path(__file__).with_name("disk_log.c")


def build_shim(folder: Path) -> Path:
    """Compile the library that logs; skip the test where there is no C compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("a C compiler is missing: apt-get install gcc")
    library = folder / "disk_log.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"], check=True
    )
    return library


def logging_environment(library: Path, folder: Path, log: Path) -> Mapping[str, str]:
    """Return the environment that makes a process log what it does to the files of a folder."""
    return {**os.environ, "LD_PRELOAD": str(library), "DISK_FOLDER": str(folder), "DISK_LOG": str(log)}


@dataclass(frozen=True)
class Entry:
    """One step on the disk."""

    op: str
    name: str
    offset: int
    data: bytes


def read_log(log: Path) -> list[Entry]:
    """Return the steps in order."""
    content, at, entries = log.read_bytes(), 0, []
    while at < len(content):
        end = content.index(b"\n", at)
        head, offset, length = content[at:end].decode().rsplit(" ", 2)
        op, name = head.split(" ", 1)
        at = end + 1 + int(length)
        entries.append(Entry(op, name, int(offset), content[end + 1 : at]))
    return entries


@dataclass
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Entry] = field(default_factory=list)

    def sync(self) -> None:
        for step in self.pending:
            _apply(self.durable, step)
        self.pending.clear()

    def after_cut(self, chance: random.Random) -> bytes:
        """Return what may be there: some of the pending steps, in some order, some torn."""
        content = bytearray(self.durable)
        kept = [step for step in self.pending if chance.random() < 0.5]
        if chance.random() < 0.5:
            chance.shuffle(kept)
        for step in kept:
            _apply(content, _torn(step, chance))
        return bytes(content)


def _apply(content: bytearray, step: Entry) -> None:
    if step.op == "truncate":
        content[:] = content[: step.offset].ljust(step.offset, b"\0")
        return
    end = step.offset + len(step.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    content[step.offset : end] = step.data


def _torn(step: Entry, chance: random.Random) -> Entry:
    if step.op != "write" or len(step.data) <= SECTOR or chance.random() < 0.7:
        return step
    return Entry(
        step.op, step.name, step.offset, step.data[: SECTOR * chance.randrange(1, -(-len(step.data) // SECTOR))]
    )


class Disk:
    """A folder as the steps of a log make it."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._durable_names: dict[str, _File] = {}
        self._names: dict[str, _File] = {}
        self._name_steps: list[tuple[str, _File | None]] = []

    def step(self, entry: Entry) -> None:
        """Do one step."""
        if entry.op == "dirsync":
            self._durable_names = dict(self._names)
            self._name_steps.clear()
        elif entry.op == "create":
            self._rename(entry.name, _File())
        elif entry.op == "rename":
            file = self._names[entry.name]
            self._rename(entry.name, None)
            self._rename(entry.data.decode(), file)
        elif entry.op == "unlink":
            self._rename(entry.name, None)
        elif entry.op == "sync":
            self._names[entry.name].sync()
        elif entry.op in ("write", "truncate"):
            self._names[entry.name].pending.append(entry)

    def write_after_cut(self, folder: Path, chance: random.Random) -> None:
        """Write the folder as it may be when the power is cut now."""
        names = dict(self._durable_names)
        # A journalling file system keeps the order of names: a prefix of the steps is there.
        for name, file in self._name_steps[: chance.randint(0, len(self._name_steps))]:
            _bind(names, name, file)
        folder.mkdir(parents=True)
        for name, file in names.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.after_cut(chance))

    def _rename(self, name: str, file: _File | None) -> None:
        _bind(self._names, name, file)
        self._name_steps.append((name, file))


def _bind(names: dict[str, _File], name: str, file: _File | None) -> None:
    if file is None:
        names.pop(name, None)
    else:
        names[name] = file
