"""The same work with river's running statistics, sample by sample, and paho.

Usage: river_paho.py FOLDER PORT BLOCKS BLOCKS_PER_S (0: as fast as it goes).
"""

from __future__ import annotations

import sys
import time
from collections import deque
from pathlib import Path

import numpy as np
from activity_features import Network, Publisher, spectrum_and_crossings
from river import stats, utils

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline_study"))
from stream import CHANNELS, WINDOW, Meter, last_time, make_blocks  # beside the benchmark


def main() -> None:
    """Do the work, and write down what was measured."""
    folder, port, count, per_s = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    network, publish, meter = Network(), Publisher(port), Meter(count)
    means = [utils.Rolling(stats.Mean(), WINDOW) for _ in range(CHANNELS)]
    variances = [utils.Rolling(stats.Var(ddof=0), WINDOW) for _ in range(CHANNELS)]
    squares = [utils.Rolling(stats.Mean(), WINDOW) for _ in range(CHANNELS)]
    lows, highs = ([kind(WINDOW) for _ in range(CHANNELS)] for kind in (stats.RollingMin, stats.RollingMax))
    window: deque[list[float]] = deque(maxlen=WINDOW)
    began = time.monotonic()
    for number, samples in enumerate(make_blocks(count)):
        if per_s:
            time.sleep(max(0.0, began + number / per_s - time.monotonic()))
        meter.block(number)
        for sample in samples.tolist():
            window.append(sample)
            for channel, value in enumerate(sample):
                means[channel].update(value)
                variances[channel].update(value)
                squares[channel].update(value * value)
                lows[channel].update(value)
                highs[channel].update(value)
        if len(window) < WINDOW:
            continue
        moments = [[one.get() for one in group] for group in (means, variances, squares, lows, highs)]
        moments[1] = [value**0.5 for value in moments[1]]
        moments[2] = [value**0.5 for value in moments[2]]
        features = np.concatenate([*map(np.array, moments), *spectrum_and_crossings(np.array(window))])
        publish(last_time(number), network(features))
    publish.close()
    meter.write(folder / "measured.json")


if __name__ == "__main__":
    main()
