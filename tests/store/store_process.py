"""Fills a store until it is killed or has written so many; tells in FOLDER/ledger which records are durable.

Usage: store_process.py FOLDER RECORDS.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from edge_runtime.store import Entry, Features, Store


def entries(first: int) -> list[Entry]:
    made = []
    for number in range(first, first + 5):
        record = {"kind": ("prediction", "event")[number % 2], "id": f"r-{number}", "pipeline": "p", "t_ns": number}
        features = None if number % 2 else Features('["a", "b"]', np.array([number, -number], np.float32))
        made.append(Entry({**record, "x": "y" * (number % 400)}, features))
    return made


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    ledger = os.open(folder / "ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    store = Store(folder / "store")
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    for number in range(first, first + count, 5):
        store.add(entries(number))
        os.write(ledger, "".join(f"r-{n}\n" for n in range(number, number + 5)).encode())


if __name__ == "__main__":
    main()
