"""`edge-runtime receive`: the other end of a serial line, into a file."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import anyio
import typer

from edge_runtime.cli.output import JsonFlag, print_json, terminal
from edge_runtime.telemetry import JsonLinesSink
from edge_runtime.telemetry.serial import Port, RecordReceiver

__all__ = ["receive"]


def receive(
    port: Annotated[str, typer.Argument(metavar="PORT", help="The serial port that a device sends records to.")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The JSON lines file that records are added to.")],
    baud: Annotated[int, typer.Option(min=1, help="Bits a second.")] = 115_200,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after so many records.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Take in records from a serial line, and acknowledge each one when it is on the disk.

    Stops after --count, or at SIGINT or SIGTERM. A record may be there twice after a break: its id is the same.
    """
    receiver = RecordReceiver()
    written = anyio.run(_receive, port, baud, output, count, receiver)
    if as_json:
        print_json({"output": str(output), "records": written, "repeats": receiver.repeats, "broken": receiver.broken})
    else:
        terminal().print(f"{output}: {written:,} records; {receiver.repeats:,} came again, {receiver.broken:,} broken")


async def _receive(name: str, baud: int, output: Path, count: int | None, receiver: RecordReceiver) -> int:
    port = Port(name, baud)
    sink = JsonLinesSink(output)
    try:
        async with sink, anyio.create_task_group() as tasks:
            tasks.start_soon(_stop_on_signal, tasks.cancel_scope)
            while count is None or sink.acknowledged < count:
                for frame in receiver.feed(await port.read()):
                    if not receiver.is_repeat(frame):
                        await sink.put([frame.record])
                    await port.write(receiver.acknowledge(frame))
            tasks.cancel_scope.cancel()
    finally:
        port.close()
    return sink.acknowledged


async def _stop_on_signal(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            scope.cancel()
            return
