"""Takes bundles through their life, for a while; tells each step before and after in FOLDER/ledger.

Usage: life_process.py FOLDER SEED STEPS.
"""

from __future__ import annotations

import os
import random
import sys
from contextlib import suppress
from pathlib import Path

from edge_runtime.bundles import BundleLife
from edge_runtime.errors import BundleError


def main() -> None:
    folder, chance, steps = Path(sys.argv[1]), random.Random(int(sys.argv[2])), int(sys.argv[3])
    ledger = os.open(folder / "ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    life = BundleLife(folder / "bundles")
    for number in range(steps):
        content = f"bundle {number} ".encode() * chance.randrange(1, 400)
        acts = [life.shadow, life.activate, life.commit, life.roll_back, life.discard, life.started]
        acts += [lambda content=content: life.stage(content)] * 2  # type: ignore[misc]
        with suppress(BundleError):
            chance.choice(acts)()
            os.write(
                ledger,
                f"{life.state.active} {life.state.previous} {life.state.candidate} {life.state.phase.value}\n".encode(),
            )


if __name__ == "__main__":
    main()
