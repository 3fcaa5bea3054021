"""Reads a device's file again while it runs: what can be changed is, and the rest is named and stays."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import anyio.to_thread
import structlog

from edge_runtime.daemon.bundle_keeper import BundleKeeper
from edge_runtime.daemon.config import PipelineConfig
from edge_runtime.daemon.device_file import DeviceConfig, load_device
from edge_runtime.daemon.logs import Logs
from edge_runtime.daemon.online import OnlineKeeper
from edge_runtime.daemon.pipeline import Pipeline
from edge_runtime.daemon.service_files import renew
from edge_runtime.daemon.sinks import retune
from edge_runtime.daemon.supervisor import Stage
from edge_runtime.errors import EdgeRuntimeError
from edge_runtime.service.access import Access
from edge_runtime.telemetry.sink import Sink

__all__ = ["Handles", "Reloader"]

RELOADABLE = re.compile(
    r"log\.(level|format)"
    r"|service\.(token_file|cert_file|key_file)"
    # An overlay's standby is there from its opening on, or not.
    r"|supervisor\.(?!accelerator\.then$).+"
    r"|.+\.(pipeline\.status_every|online\.flush_every|bundles\.trial)"
    r"|.+\.sink\[\d+\]\.(kinds|priorities|late_after|rate_limit|keep_rows|keep_for)"
)
"""What can be changed while the device runs: the keys of its file, and behind a pipeline's name those of its own."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Handles:
    """What of a pipeline can be changed while it runs.

    Parameters
    ----------
    pipeline
        The pipeline.
    sinks
        Its sinks, in the order of its file.
    stages
        Its stages, and its source's.
    online
        What keeps its features.
    bundles
        What takes bundles for it.
    """

    pipeline: Pipeline
    sinks: Sequence[Sink]
    stages: Sequence[Stage]
    online: Sequence[OnlineKeeper] = ()
    bundles: BundleKeeper | None = None


@dataclass
class Reloader:
    """Reads the file again when it is told to.

    Parameters
    ----------
    config
        What runs.
    handles
        Each pipeline's, by its name.
    stages
        The device's own stages.
    access
        The service's token and certificate; None: there is no service.
    """

    config: DeviceConfig
    handles: Mapping[str, Handles]
    stages: Sequence[Stage]
    access: Access | None = None
    _running: dict[str, Any] = field(init=False)
    _logs: Logs | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._running = dict(_settings(self.config))

    def begin(self) -> None:
        """Log as the file says, now that it runs."""
        self._logs = Logs()
        self._logs.set(self.config.tables.log)

    async def on_hangup(self) -> None:
        """Read the file again at each SIGHUP, for ever; a file with a mistake is told of in the log."""
        with anyio.open_signal_receiver(signal.SIGHUP) as signals:
            async for _ in signals:
                try:
                    await self.reload()
                except EdgeRuntimeError as error:
                    log.error("not reloaded; what runs goes on", error=str(error))

    async def reload(self) -> dict[str, Any]:
        """Read the file again, and return what was changed and what would take a restart.

        Raises
        ------
        ConfigError
            If the file has a mistake: nothing was changed.
        """
        new = await anyio.to_thread.run_sync(load_device, self.config.path)
        found = dict(_settings(new))
        changed = {key for key in {*found, *self._running} if found.get(key) != self._running.get(key)}
        applied = {key for key in _outermost(changed) if RELOADABLE.fullmatch(key) and key in found}
        if self._switches_tls(found):
            applied -= {"service.cert_file", "service.key_file"}
        if self.access is not None and new.tables.service is not None:
            # First, as it may fail. What is in the files may be new though their names are not.
            applied.update(renew(self.access, new.tables.service))
        refused = _outermost(changed - applied)
        self._apply(new)
        self._running.update({key: found[key] for key in applied})
        log.warning("reloaded", applied=sorted(applied))
        if refused:
            log.warning("some changes need a restart; the old values stay", keys=refused)
        return {"applied": sorted(applied), "refused": refused}

    def _switches_tls(self, found: Mapping[str, Any]) -> bool:
        """Say whether the service would get TLS, or lose it: the one thing about certificates that takes a restart."""
        key = "service.cert_file"
        return (found.get(key) is None) != (self._running.get(key) is None)

    def _apply(self, new: DeviceConfig) -> None:
        if self._logs is not None:
            self._logs.set(new.tables.log)
        for stage in (*self.stages, *(stage for one in self.handles.values() for stage in one.stages)):
            policy = new.tables.supervisor.policy(stage.name)
            stage.policy = replace(policy, then=stage.policy.then) if stage.name == "accelerator" else policy
        for config in new.pipelines:
            if config.pipeline.name in self.handles:
                _change(self.handles[config.pipeline.name], config)


def _change(handles: Handles, config: PipelineConfig) -> None:
    handles.pipeline.status_every = config.pipeline.status_every
    if config.online is not None:
        for kept in handles.online:
            kept.flush_every = config.online.flush_every
    if config.bundles is not None and handles.bundles is not None:
        handles.bundles.trial_s = config.bundles.trial
    if len(config.sink) == len(handles.sinks):
        for table, sink in zip(config.sink, handles.sinks, strict=True):
            retune(sink, table)


def _settings(config: DeviceConfig) -> Iterator[tuple[str, Any]]:
    """Yield each setting of a device, by its key; a pipeline's stand behind its name."""
    shared = set(type(config.tables).model_fields)
    yield from _leaves("", {key: value for key, value in config.tables.model_dump().items() if key != "pipelines"})
    for one in config.pipelines:
        own = {key: value for key, value in one.model_dump().items() if key not in shared}
        sinks = own.pop("sink")
        yield from _leaves(f"{one.pipeline.name}.", own)
        yield one.pipeline.name, True
        yield f"{one.pipeline.name}.sink", [sink["kind"] for sink in sinks]
        for number, sink in enumerate(sinks):
            yield from _leaves(f"{one.pipeline.name}.sink[{number}].", sink)


def _leaves(before: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping) and key != "priorities":
            yield f"{before}{key}", bool(value)
            yield from _leaves(f"{before}{key}.", value)
        else:
            yield f"{before}{key}", value


def _outermost(keys: set[str]) -> list[str]:
    """Leave out the keys within a table that is named itself."""
    return sorted(key for key in keys if not any(key.startswith((f"{other}.", f"{other}[")) for other in keys))
