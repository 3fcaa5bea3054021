"""Opens the sinks that a pipeline file names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_runtime.daemon.sink_tables import JsonLinesTable, MqttTable, OutboxTable, SerialTable, SinkTable, StoreTable
from edge_runtime.errors import ConfigError
from edge_runtime.store import Retention, Store, StoreSink
from edge_runtime.telemetry.borrowed import lender_of
from edge_runtime.telemetry.forward import Forwarder
from edge_runtime.telemetry.jsonl import JsonLinesSink, StandardOutputSink
from edge_runtime.telemetry.link import Carrier
from edge_runtime.telemetry.mqtt import Broker, CommandDesk, CommandHandler, MqttCarrier
from edge_runtime.telemetry.outbox import Outbox, Spool
from edge_runtime.telemetry.outbox_sink import OutboxSink
from edge_runtime.telemetry.payloads import (
    NativePayloads,
    Payloads,
    SenmlPayloads,
    SparkplugPayloads,
    Topics,
    discovery_messages,
)
from edge_runtime.telemetry.rate import RateLimit
from edge_runtime.telemetry.serial import SerialCarrier
from edge_runtime.telemetry.sink import Sink

__all__ = ["open_sinks", "retune"]

REPEATABLE = ("bundles", "label", "status")
"""Commands that change nothing when they are carried out again; a label that comes again is answered as a duplicate."""

WITH_FILES = ("bundle", "head")

SERIAL_BATCH = 8
"""A line is slow: what waits for it should wait in the outbox, in the order of its priority."""


def open_sinks(
    tables: Sequence[SinkTable],
    *,
    device: str,
    pipelines: Sequence[str],
    on_command: CommandHandler | None = None,
    first: int = 0,
) -> dict[str, Sink]:
    """Make the sinks, each with the name that reports call it by.

    Parameters
    ----------
    tables
        The pipeline file's.
    device
        The device's name.
    pipelines
        The pipelines whose records they get.
    on_command
        Carries out commands that come over MQTT; None: nobody listens for them.
    first
        The first table's position in its file.

    Raises
    ------
    ConfigError
        If a password or certificate cannot be read, two sinks want the same outbox, or a store's file is none.
    SinkError
        If a store cannot be opened.
    """
    _check_outboxes(tables)
    sinks: dict[str, Sink] = {}
    for position, table in enumerate(tables, first):
        name, sink = _open_sink(table, device, pipelines, on_command)
        sink.kinds = None if table.kinds is None else frozenset(table.kinds)
        sinks[f"sink[{position}] {name}"] = sink
    return sinks


def retune(sink: Sink, table: SinkTable) -> None:
    """Give an open sink what can be changed of its table while it runs: kinds, priorities, rates and limits of age."""
    lender = lender_of(sink)
    sink.kinds = lender.kinds = None if table.kinds is None else frozenset(table.kinds)
    if isinstance(table, OutboxTable) and isinstance(lender, OutboxSink):
        lender.prioritise(table.priorities)
        lender.forwarder.retune(late_after=table.late_after, rate=_rate(table))
    if isinstance(table, StoreTable) and isinstance(lender, StoreSink):
        lender.limit(rows=table.keep_rows, age_s=table.keep_for)


def _check_outboxes(tables: Sequence[SinkTable]) -> None:
    seen: set[Path] = set()
    for position, table in enumerate(tables):
        if isinstance(table, OutboxTable):
            if table.outbox in seen:
                raise ConfigError(f"sink[{position}].outbox: {table.outbox} is another sink's; each needs its own")
            seen.add(table.outbox)


def _open_sink(
    table: SinkTable, device: str, pipelines: Sequence[str], on_command: CommandHandler | None
) -> tuple[str, Sink]:
    if isinstance(table, JsonLinesTable):
        return str(table.path), JsonLinesSink(table.path)
    if isinstance(table, StoreTable):
        return str(table.path), _store_sink(table)
    if isinstance(table, MqttTable):
        carrier = _mqtt_carrier(table, device, pipelines, on_command if table.commands else None)
        return table.broker, _outbox_sink(table, carrier)
    if isinstance(table, SerialTable):
        return table.port, _outbox_sink(table, _serial_carrier(table), batch=SERIAL_BATCH)
    return "stdout", StandardOutputSink()


def _store_sink(table: StoreTable) -> StoreSink:
    store = Store(table.path, retention=Retention(table.keep_rows, table.keep_for, int(table.cap)))
    # What is wrong with the file is told now, not at the first record.
    store.open()
    return StoreSink(store, commit_every=table.commit_every, features=table.features)


def _serial_carrier(table: SerialTable) -> SerialCarrier:
    return SerialCarrier(
        table.port,
        baud=table.baud,
        hardware_flow=table.hardware_flow,
        window=table.window,
        retry_s=table.retry,
        deadline_s=table.deadline,
    )


def _outbox_sink(table: OutboxTable, carrier: Carrier, *, batch: int = 64) -> OutboxSink:
    spool = Spool(table.outbox, cap_bytes=table.outbox_cap, when_full=table.when_full)
    outbox = Outbox(spool, commit_every=table.commit_every)
    return OutboxSink(
        outbox,
        Forwarder(outbox, carrier, batch=batch, late_after=table.late_after, rate=_rate(table)),
        priorities=table.priorities,
    )


def _rate(table: OutboxTable) -> RateLimit | None:
    return None if table.rate_limit is None else RateLimit(table.rate_limit)


def _mqtt_carrier(
    table: MqttTable, device: str, pipelines: Sequence[str], on_command: CommandHandler | None
) -> Carrier:
    tls, host, port = table.address
    broker = Broker(
        host,
        port,
        client_id=table.client_id or f"edge-{device}",
        version=table.version,
        username=table.username,
        password=None if table.password_file is None else _password(table.password_file),
        tls=tls,
        ca_file=table.ca_file,
        cert_file=table.cert_file,
        key_file=table.key_file,
        keepalive_s=round(table.keepalive),
        session_s=round(table.session),
        deadline_s=table.deadline,
    )
    topics = Topics(device, table.prefix)
    greetings = discovery_messages(topics, pipelines) if table.home_assistant else ()
    desk = None if on_command is None else _desk(table, on_command)
    return MqttCarrier(broker, _payloads(table, topics), greetings=greetings, desk=desk)


def _desk(table: MqttTable, on_command: CommandHandler) -> CommandDesk:
    ledger = table.outbox.with_name(table.outbox.name + ".commands")
    return CommandDesk(on_command, ledger, repeatable=REPEATABLE, files=WITH_FILES)


def _payloads(table: MqttTable, topics: Topics) -> Payloads:
    if table.payload == "sparkplug":
        return SparkplugPayloads(topics, table.group)
    if table.payload == "senml+json":
        return SenmlPayloads(topics, "json")
    if table.payload == "senml+cbor":
        return SenmlPayloads(topics, "cbor")
    return NativePayloads(topics, table.payload)


def _password(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the password cannot be read: {error}; give a text file with it") from error
