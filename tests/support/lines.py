"""Files of JSON lines that a daemon is still writing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["read_records", "whole_lines"]


def whole_lines(path: Path) -> list[str]:
    """Return a file's lines that are there whole; a file that is not there yet has none."""
    text = path.read_text() if path.exists() else ""
    return text[: text.rfind("\n") + 1].splitlines()


def read_records(path: Path, kind: str = "") -> list[dict[str, Any]]:
    """Return the records in a file, all or those of a kind."""
    records: list[dict[str, Any]] = [json.loads(line) for line in whole_lines(path)]
    return [record for record in records if not kind or record["kind"] == kind]
