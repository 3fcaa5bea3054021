"""The whole daemon, as a pipeline file describes it, on a stream that notes when each block goes in.

Usage: daemon.py FOLDER PORT BLOCKS BLOCKS_PER_S (0: as fast as it goes).
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel

from edge_runtime.cli.output import configure_logs
from edge_runtime.daemon import load_device, run_pipelines
from edge_runtime.daemon.plant import Plant, build_plant
from edge_runtime.paths import examples_folder
from edge_runtime.sources.base import Source, SourceCounts
from edge_runtime.stream import Block
from stream import RATE_HZ, Meter, block_of, make_blocks

PIPELINE = """
view = {{ file = "{example}/view.toml" }}
[device]
name = "bench"
[pipeline]
name = "activity"
[source]
kind = "synthetic"
channels = ["acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z"]
rate = "10 Hz"
[model]
path = "{example}/activity.tflite"
accelerator = "reference"
check = false
classes = ["Standing", "Running", "Walking", "Badminton"]
[[sink]]
kind = "mqtt"
broker = "mqtt://127.0.0.1:{port}"
outbox = "bench.outbox"
when_full = "block"
[service]
port = 0
"""


LONGEST_S = 60.0


class MeteredSource(Source):
    """The benchmark's blocks, at a rate."""

    def __init__(self, channels: tuple[str, ...], count: int, per_s: float) -> None:
        self.channels = channels
        self.rate_hz = RATE_HZ
        self.counts = SourceCounts()
        self.meter = Meter(count)
        self._blocks = make_blocks(count)
        self._per_s = per_s
        self.plant: Plant | None = None

    async def blocks(self) -> AsyncIterator[Block]:
        """Yield them."""
        await self._until(lambda link, _: link["connected"])
        began = anyio.current_time()
        for number, samples in enumerate(self._blocks):
            if self._per_s:
                await anyio.sleep_until(began + number / self._per_s)
            else:
                await anyio.lowlevel.checkpoint()
            block = block_of(number, samples)
            self.counts.add(block)
            self.meter.block(number)
            yield block
        # The sink has a few seconds for the rest when the stream has ended: on a busy machine that may be too short.
        await self._until(lambda _, sink: sink["acknowledged"] >= sink["told"] > 0 and sink["outbox"]["depth"] == 0)

    async def _until(self, holds: Callable[[dict[str, Any], dict[str, Any]], bool]) -> None:
        """Wait for what the sink's link and the sink say, though not for ever."""
        assert self.plant is not None
        (pipeline,) = self.plant.pipelines
        with anyio.move_on_after(LONGEST_S):
            while True:
                (sink,) = pipeline.fanout.status().values()
                told = pipeline.report().inferences if self.counts.blocks == pipeline.report().blocks else 0
                if holds(sink["link"], {**sink, "told": told}):
                    return
                await anyio.sleep(0.1)

    async def aclose(self) -> None:
        """Do nothing."""


def main() -> None:
    """Do it."""
    folder, port, count, per_s = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    configure_logs(verbose=False)
    file = folder / "pipeline.toml"
    file.write_text(PIPELINE.format(port=port, example=examples_folder() / "activity"))
    plant = build_plant(load_device(file))
    source = MeteredSource(plant.streams[0].source.channels, count, per_s)
    source.plant = plant
    anyio.run(partial(run_pipelines, source, plant.pipelines, beside=plant.beside))
    source.meter.write(folder / "measured.json")


if __name__ == "__main__":
    main()
