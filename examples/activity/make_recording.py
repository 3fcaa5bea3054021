"""Writes the demo's stream of one seed as a recording, for `pipeline.toml` or for any tool that reads ``.npz``."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge_runtime.demo.scenario import build_scenario
from edge_runtime.stream import save_recording

DEFAULT = Path(__file__).parents[2] / "out" / "activity.npz"


def main() -> None:
    """Write the file, and say where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=DEFAULT)
    arguments = parser.parse_args()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    recording = build_scenario(arguments.seed).recording
    save_recording(recording, arguments.out)
    print(f"{arguments.out}: {recording.duration_s:.0f} s of {', '.join(recording.channels)}")


if __name__ == "__main__":
    main()
