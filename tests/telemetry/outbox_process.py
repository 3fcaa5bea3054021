"""Fills an outbox and lets some records go, for ever or for a while; tells what it may rely on in a file of its own.

Usage: outbox_process.py FOLDER SEED RECORDS. In FOLDER/ledger: ``put N`` when a record is durable, ``gone N`` before
one is let go.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path

import anyio

from edge_runtime.telemetry.outbox import Outbox, Spool


async def main() -> None:
    folder, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    ledger = os.open(folder / "ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def tell(what: str, numbers: list[int]) -> None:
        os.write(ledger, "".join(f"{what} {number}\n" for number in numbers).encode())

    async with Outbox(Spool(folder / "outbox"), commit_every=0.001, memory=64) as outbox:

        async def send() -> None:
            while True:
                items = await outbox.take(chance.randint(1, 16))
                await anyio.sleep(chance.choice([0, 0.001, 0.005]))
                if chance.random() < 0.5:
                    outbox.give_back(items)
                else:
                    tell("gone", [json.loads(item.body)["n"] for item in items])
                    outbox.acknowledge(items)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send)
            for first in range(0, count, 5):
                numbers = list(range(first, first + 5))
                bodies = [
                    (number % 3, json.dumps({"n": number, "x": "y" * (number % 900)}).encode()) for number in numbers
                ]
                await outbox.put(bodies)
                tell("put", numbers)
            tasks.cancel_scope.cancel()


if __name__ == "__main__":
    anyio.run(main)
