"""A daemon under load, to be killed: a computed stream through a small network to an MQTT broker, by way of an outbox.

Usage: daemon_process.py FOLDER PORT WINDOWS_PER_S. In FOLDER/ledger: the id of every record that was acknowledged to
the pipeline.
It ends when it is stopped, or, where WINDOWS_PER_S is 0, when the outbox is empty.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import anyio

from edge_runtime.daemon import run_pipelines
from edge_runtime.sources import SyntheticSource
from edge_runtime.telemetry import Backoff, Forwarder, Outbox, OutboxSink, Record, Spool
from edge_runtime.telemetry.mqtt import Broker, MqttCarrier
from edge_runtime.telemetry.outbox.spool import SMALLEST_CAP
from edge_runtime.telemetry.payloads import NativePayloads, Topics
from support import daemon

HOP_SAMPLES = 10
RATE_HZ = 10.0


class LedgerSink(OutboxSink):
    """Writes down what it has acknowledged."""

    ledger: int

    async def put(self, records: Sequence[Record]) -> None:
        await super().put(records)
        os.write(self.ledger, "".join(f"{record['id']}\n" for record in records).encode())


def sink(folder: Path, port: int) -> LedgerSink:
    outbox = Outbox(Spool(folder / "outbox", cap_bytes=2 * SMALLEST_CAP, when_full="block"), commit_every=0.02)
    broker = Broker("127.0.0.1", port, client_id="daemon", deadline_s=1.0)
    carrier = MqttCarrier(broker, NativePayloads(Topics("dev")))
    made = LedgerSink(outbox, Forwarder(outbox, carrier, backoff=Backoff(first_s=0.05, longest_s=0.3)), drain_s=0.5)
    made.ledger = os.open(folder / "ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    return made


async def drain(out: LedgerSink) -> None:
    async with out:
        while out.outbox.counts().depth:
            await anyio.sleep(0.02)


def main() -> None:
    faulthandler.register(signal.SIGUSR1)
    folder, port, windows_per_s = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    out = sink(folder, port)
    if windows_per_s == 0:
        anyio.run(drain, out)
        return
    # One window every ten samples, so a block of ten makes one.
    pace = windows_per_s * HOP_SAMPLES / RATE_HZ
    source = SyntheticSource(["x", "y"], RATE_HZ, block_size=HOP_SAMPLES, pace=pace)
    pipeline = daemon.pipeline("p", source, sinks={"mqtt": out})
    anyio.run(run_pipelines, source, [pipeline])


if __name__ == "__main__":
    main()
