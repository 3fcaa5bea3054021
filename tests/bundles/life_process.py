"""Takes the bundles of two pipelines through their lives, for a while; tells each step's end in FOLDER/ledger.

Usage: life_process.py FOLDER SEED STEPS.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from edge_runtime.bundles import BundleLife
from edge_runtime.errors import BundleError

FOLDERS = ("bundles", "others")


def told(lives: Sequence[BundleLife]) -> str:
    """Return the states as a line of the ledger has them."""
    states = [life.state for life in lives]
    return " | ".join(f"{one.active} {one.previous} {one.candidate} {one.phase.value}" for one in states)


def main() -> None:
    folder, chance, steps = Path(sys.argv[1]), random.Random(int(sys.argv[2])), int(sys.argv[3])
    ledger = os.open(folder / "ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    lives = [BundleLife(folder / name) for name in FOLDERS]
    for number in range(steps):
        life = chance.choice(lives)
        content = f"bundle {number} ".encode() * chance.randrange(1, 400)
        acts = [life.shadow, life.activate, life.commit, life.roll_back, life.discard, life.started]
        acts += [partial(life.stage, content)] * 2
        with suppress(BundleError):
            chance.choice(acts)()
            os.write(ledger, f"{told(lives)}\n".encode())


if __name__ == "__main__":
    main()
