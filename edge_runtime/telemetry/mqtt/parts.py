r"""Files that come in parts, because brokers limit how large a message may be.

A part is one message to the command topic ``part``: a line of JSON, and the bytes after it::

    {"command": "bundle", "upload": "SHA-256 of the whole file", "size": 1048576, "offset": 0}\n…

``"pipeline": "p"`` says for which of several pipelines the file is.

Parts come in order. Each is answered with how much has come; the last one with the command's answer.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_runtime.errors import DataError

__all__ = ["LARGEST_FILE", "LARGEST_PART", "PartHeader", "Parts", "cut"]

LARGEST_FILE = 64 * 2**20
LARGEST_PART = 256 * 1024
LARGEST_HEADER = 1024
PATIENCE_S = 600.0
"""How long an upload waits for its next part."""


class PartHeader(BaseModel):
    """What stands before a part's bytes."""

    model_config = ConfigDict(extra="forbid")

    command: str
    pipeline: str = ""
    upload: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=1, le=LARGEST_FILE)
    offset: int = Field(ge=0)

    @property
    def addressed(self) -> str:
        """The command, and behind it the pipeline that is named."""
        return f"{self.command}/{self.pipeline}" if self.pipeline else self.command


@dataclass
class _Upload:
    command: str
    digest: str
    size: int
    touched: float
    content: bytearray = field(default_factory=bytearray)


class Parts:
    """Puts parts together; one file at a time, another one takes its place.

    Parameters
    ----------
    commands
        The commands that take files.
    """

    def __init__(self, commands: Collection[str]) -> None:
        self._commands = frozenset(commands)
        self._upload: _Upload | None = None

    def take(self, message: bytes) -> tuple[dict[str, Any], tuple[str, bytes] | None]:
        """Take a part in.

        Returns
        -------
        The answer, and where the file is whole now, its command (``bundle``, or ``bundle/PIPELINE``) and what is in it.

        Raises
        ------
        DataError
            If the part is none, is too large, or not the next one; the message says which.
        """
        header, content = self._read(message)
        upload = self._upload_of(header)
        if header.offset > len(upload.content):
            raise DataError(f"a part is missing: go on at byte {len(upload.content)} of {upload.size}")
        # What comes again is here already.
        upload.content += content[len(upload.content) - header.offset :]
        upload.touched = time.monotonic()
        if len(upload.content) > upload.size:
            self._upload = None
            raise DataError(f"the parts have more than the {upload.size:,} bytes that were announced; begin anew")
        answer = {"upload": upload.digest, "received": len(upload.content), "size": upload.size}
        if len(upload.content) < upload.size:
            return answer, None
        self._upload = None
        if hashlib.sha256(upload.content).hexdigest() != upload.digest:
            raise DataError("what came is not what was announced: its SHA-256 differs; begin anew")
        return answer, (upload.command, bytes(upload.content))

    def _read(self, message: bytes) -> tuple[PartHeader, bytes]:
        line, found, content = message.partition(b"\n")
        if not found or len(line) > LARGEST_HEADER:
            raise DataError('a part begins with a line like {"command": "bundle", "upload": …, "size": …, "offset": 0}')
        if len(content) > LARGEST_PART:
            raise DataError(f"a part has {len(content):,} bytes; it may have {LARGEST_PART:,}")
        try:
            header = PartHeader.model_validate_json(line)
        except ValidationError as error:
            mistake = error.errors()[0]
            raise DataError(f"a part's {'.'.join(map(str, mistake['loc'])) or 'line'}: {mistake['msg']}") from error
        if header.command not in self._commands:
            raise DataError(f"command {header.command!r} takes no file; {', '.join(sorted(self._commands))} do")
        return header, content

    def _upload_of(self, header: PartHeader) -> _Upload:
        now, upload = time.monotonic(), self._upload
        same = upload is not None and (upload.digest, upload.size, upload.command) == (
            header.upload,
            header.size,
            header.addressed,
        )
        if upload is None or not same or now - upload.touched > PATIENCE_S:
            upload = self._upload = _Upload(header.addressed, header.upload, header.size, now)
        return upload


def cut(command: str, content: bytes, *, pipeline: str = "", part_bytes: int = LARGEST_PART) -> list[bytes]:
    """Return a file's parts, as `Parts` takes them."""
    digest = hashlib.sha256(content).hexdigest()
    parts = []
    for offset in range(0, len(content), part_bytes):
        header = PartHeader(command=command, pipeline=pipeline, upload=digest, size=len(content), offset=offset)
        parts.append(
            header.model_dump_json(exclude_defaults=True).encode() + b"\n" + content[offset : offset + part_bytes]
        )
    return parts
