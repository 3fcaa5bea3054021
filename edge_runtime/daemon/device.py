"""The running device, as service and commands see it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import numpy.typing as npt
import structlog

from edge_runtime.daemon.bundle_takers import one_taker, read_trusted, takers_of
from edge_runtime.daemon.commands import carry_out
from edge_runtime.daemon.head_push import units_for
from edge_runtime.daemon.step import Step
from edge_runtime.daemon.supervisor import Stage
from edge_runtime.daemon.unit import Unit
from edge_runtime.errors import ConfigError, DataError
from edge_runtime.features import OnlineStore
from edge_runtime.learning.contest import PUSHED
from edge_runtime.service.device import Device, LabelFate, LabelRequest, ModelInfo
from edge_runtime.service.hub import Hub

__all__ = ["RunningDevice"]

log = structlog.get_logger(__name__)


class RunningDevice(Device):
    """Answers for pipelines that run, or are about to.

    Parameters
    ----------
    name
        The device's name.
    units
        The pipelines; their names differ.
    hub
        What they tell.
    online
        Where their features are.
    overlays
        Says what each overlay that pipelines share did.
    service
        What became of the service.
    reload
        Reads its file again; None: it has none.
    """

    def __init__(
        self,
        name: str,
        units: Sequence[Unit],
        hub: Hub,
        *,
        online: Sequence[OnlineStore] = (),
        overlays: Callable[[], dict[str, Any]] = dict,
        service: Stage | None = None,
        reload: Callable[[], Awaitable[dict[str, Any]]] | None = None,
    ) -> None:
        self.name = name
        self.hub = hub
        self._units = {unit.name: unit for unit in units}
        self._online = tuple(online)
        self._overlays = overlays
        self._service = service or Stage("service")
        self._reload = reload
        self._started = time.monotonic()

    def is_ready(self, model: str | None = None) -> bool:
        """Say whether a pipeline's accelerator is open, or every one's."""
        units = self._units.values() if model is None else [self._units[model]]
        return all(unit.pipeline.is_serving for unit in units)

    def is_up(self) -> bool:
        """Say whether the start is over: every pipeline serves, or has failed."""
        return all(unit.pipeline.is_serving or unit.pipeline.has_ended for unit in self._units.values())

    def models(self) -> Mapping[str, ModelInfo]:
        """Return the models by their pipelines' names."""
        return {name: unit.info for name, unit in self._units.items()}

    def status(self) -> dict[str, Any]:
        """Return all that the pipelines and sinks report."""
        return {
            "device": self.name,
            "ready": self.is_ready(),
            "uptime_s": round(time.monotonic() - self._started, 1),
            "pipelines": {name: unit.status() for name, unit in self._units.items()},
            "sinks": _sinks([unit.pipeline.fanout.status() for unit in self._units.values()]),
            "overlays": self._overlays(),
            "stages": {"service": self._service.describe()},
        }

    def features(self) -> list[dict[str, Any]]:
        """Return what the online stores hold."""
        return [stored.describe() for store in self._online for stored in store.all_latest()]

    async def infer(self, model: str, inputs: Sequence[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        """Run a model between two of its stream's inferences."""

        def run(step: Step) -> list[npt.NDArray[Any]]:
            return [np.array(output) for output in step.accelerator.infer(inputs).outputs]

        return await self._units[model].ask(run)

    async def add_labels(self, labels: Sequence[LabelRequest]) -> list[LabelFate]:
        """Learn labels at once, between two inferences."""
        checked = [(unit, unit.checked(label)) for label in labels for unit in [self._unit(label.pipeline)]]
        return [await unit.learn(label) for unit, label in checked]

    async def roll_back(self, pipeline: str) -> str:
        """Let the network's own last layer serve again."""
        return await self._units[pipeline].roll_back()

    async def steer(self, pipeline: str, action: str, name: str = "") -> dict[str, Any]:
        """Tell a pipeline's learner what to do."""
        return await self._units[pipeline].steer(action, name)

    async def reload(self) -> dict[str, Any]:
        """Read the device's file again."""
        if self._reload is None:
            raise ConfigError("this device was not made from a file")
        return await self._reload()

    async def carry_out(self, command: str, payload: bytes) -> dict[str, Any]:
        """Carry out a command that came as a message."""
        return await carry_out(self, command, payload)

    def bundles(self, pipeline: str = "") -> dict[str, Any]:
        """Return which bundles are there, which serves, and how the shadow does."""
        taker = one_taker(self._units, pipeline)
        return {"pipeline": taker.name, **taker.keeper.describe()}

    async def push_bundle(self, content: bytes, pipeline: str = "") -> dict[str, Any]:
        """Check a bundle and stage it."""
        taker = one_taker(self._units, pipeline)
        return {"pipeline": taker.name, **await taker.keeper.push(content)}

    async def act_on_bundle(self, action: str, pipeline: str = "") -> dict[str, Any]:
        """Take the bundles a step on, or back."""
        taker = one_taker(self._units, pipeline)
        return {"pipeline": taker.name, **await taker.keeper.act(action)}

    async def push_head(self, content: bytes, pipeline: str = "") -> dict[str, Any]:
        """Let a head that was trained elsewhere take part where its network runs."""
        takers = takers_of(self._units, pipeline)
        with ExitStack() as refusing:
            for taker in takers:
                refusing.enter_context(taker.keeper.refusing("head"))
            head, trusting = await read_trusted(content, takers)
            units = units_for(head, trusting)
        for unit in units:
            await unit.pipeline.tell(await unit.ask(lambda step: step.push_head(head)))
        names = [unit.name for unit in units]
        log.warning("head pushed", head=head.title, pipelines=names)
        return {"head": head.digest, "title": head.title, "candidate": PUSHED, "pipelines": names}

    def _unit(self, name: str) -> Unit:
        if name not in self._units:
            raise DataError(f"there is no pipeline {name!r}; there are {', '.join(self._units)}")
        return self._units[name]


def _sinks(of_pipelines: Sequence[Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Put the pipelines' sinks together; what pipelines put into one that they share is added up."""
    sinks: dict[str, dict[str, Any]] = {}
    for of_pipeline in of_pipelines:
        for name, status in of_pipeline.items():
            before = sinks.setdefault(name, {**status, "acknowledged": 0, "failed": 0, "dropped": 0})
            for count in ("acknowledged", "failed", "dropped"):
                before[count] += status[count]
    return sinks
