"""Learning on the device: five public streams, five drifts, three label delays, two label noises, against peers.

Prints one flat JSON object, and writes a report with pictures. It needs the extra ``peers`` and the data sets in them:
`make bench-learning` sets up an environment of its own for it. ``--help`` tells what can be varied.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # matrices are small, and every core has a run of its own

sys.path.insert(0, str(Path(__file__).parent))

from learning_study.runs import PARTS, Plan, default_workers, play, read_runs  # noqa: E402 - after the path to it
from learning_study.speed import update_costs  # noqa: E402
from learning_study.summary import summarise  # noqa: E402

from edge_runtime.errors import EdgeRuntimeError  # noqa: E402


def main() -> None:
    """Play what is missing, then sum up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="runs of each cell")
    parser.add_argument(
        "--forest-seeds", type=int, default=2, help="how many of them with river's forest, which is slow"
    )
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS), help="what to play now")
    parser.add_argument("--workers", type=int, default=default_workers())
    parser.add_argument("-o", "--output", type=Path, default=Path("out/learning"), help="runs and report go here")
    parser.add_argument("--report-only", action="store_true", help="sum up the runs that are there")
    arguments = parser.parse_args()
    if not arguments.report_only:
        plan = Plan(arguments.seeds, arguments.forest_seeds, tuple(arguments.parts))
        play(plan, arguments.output, workers=arguments.workers)
    print(json.dumps({**summarise(read_runs(arguments.output), arguments.output), **update_costs()}))


if __name__ == "__main__":
    try:
        main()
    except EdgeRuntimeError as error:
        sys.exit(f"error: {error}")
