"""The running device, as service and commands see it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import anyio
import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError

from edge_runtime.daemon.build import Deployment
from edge_runtime.daemon.bundle_keeper import BundleKeeper
from edge_runtime.daemon.engine import Engine
from edge_runtime.daemon.labels import AnyLabel, Label, LabelQueue, SpanLabel
from edge_runtime.daemon.pipeline import Pipeline
from edge_runtime.daemon.step import Step
from edge_runtime.errors import AcceleratorError, BundleError, DataError, DeadlineError, LinkError
from edge_runtime.features import OnlineStore
from edge_runtime.learning.events import Command
from edge_runtime.learning.memory import LabelStatus
from edge_runtime.service.bodies import LabelledSpan, OneLabel
from edge_runtime.service.device import Device, LabelFate, LabelRequest, ModelInfo, TensorInfo
from edge_runtime.service.hub import Hub
from edge_runtime.service.operations import NotFoundError
from edge_runtime.service.tensors import datatype_of

__all__ = ["RunningDevice", "Unit"]

DEADLINE_S = 10.0
_ANY_LABEL: TypeAdapter[OneLabel | LabelledSpan] = TypeAdapter(OneLabel | LabelledSpan)
COMMANDS = ("label", "learning", "rollback", "status", "bundle", "bundle-action")

T = TypeVar("T")


@dataclass
class Unit:
    """A pipeline with what it runs at present.

    Parameters
    ----------
    pipeline
        The pipeline.
    engine
        Its network, and how labels reach it.
    bundles
        Takes bundles for it; None: it takes none.
    """

    pipeline: Pipeline
    engine: Engine
    bundles: BundleKeeper | None = None

    @property
    def deployment(self) -> Deployment:
        """The network."""
        return self.engine.deployment

    @property
    def labels(self) -> LabelQueue | None:
        """Takes labels from outside; None: it takes none."""
        return self.engine.labels

    async def install(self, engine: Engine) -> None:
        """Switch to another network.

        Raises
        ------
        EdgeRuntimeError
            If it cannot be opened; the one before goes on.
        """
        await self.pipeline.switch(engine.computer, engine.open_step, features=engine.deployment.view.output_names)
        self.engine = engine

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names, those that were added on the device among them."""
        step = self.pipeline.step
        return self.deployment.network.classes if step is None else step.classes


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
    """

    def __init__(self, name: str, units: Sequence[Unit], hub: Hub, *, online: Sequence[OnlineStore] = ()) -> None:
        self.name = name
        self.hub = hub
        self._units = {unit.pipeline.name: unit for unit in units}
        self._infos: dict[str, tuple[Deployment, ModelInfo]] = {}
        self._online = tuple(online)
        self._started = time.monotonic()

    def is_ready(self) -> bool:
        """Say whether every pipeline's accelerator is open."""
        return all(unit.pipeline.is_serving for unit in self._units.values())

    def models(self) -> Mapping[str, ModelInfo]:
        """Return the models by their pipelines' names."""
        return {name: self._info(name, unit.deployment) for name, unit in self._units.items()}

    def status(self) -> dict[str, Any]:
        """Return all that the pipelines and sinks report."""
        reports = {name: unit.pipeline.report().to_dict() for name, unit in self._units.items()}
        sinks = {}
        for name, unit in self._units.items():
            del reports[name]["sinks"]
            reports[name]["classes"] = list(unit.classes)
            reports[name]["learning"] = unit.pipeline.learning_report()
            reports[name]["board"] = unit.deployment.board.name
            reports[name]["bundles"] = None if unit.bundles is None else unit.bundles.describe()
            sinks.update(unit.pipeline.fanout.status())
        return {
            "device": self.name,
            "ready": self.is_ready(),
            "uptime_s": round(time.monotonic() - self._started, 1),
            "pipelines": reports,
            "sinks": sinks,
        }

    def features(self) -> list[dict[str, Any]]:
        """Return what the online stores hold."""
        return [stored.describe() for store in self._online for stored in store.all_latest()]

    async def infer(self, model: str, inputs: Sequence[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        """Run a model between two of its stream's inferences."""

        def run(step: Step) -> list[npt.NDArray[Any]]:
            return [np.array(output) for output in step.accelerator.infer(inputs).outputs]

        return await self._ask(self._units[model], run)

    async def add_labels(self, labels: Sequence[LabelRequest]) -> list[LabelFate]:
        """Learn labels at once, between two inferences."""
        checked = [self._checked(label) for label in labels]
        return [await self._learn(unit, label) for unit, label in checked]

    async def roll_back(self, pipeline: str) -> str:
        """Let the network's own last layer serve again."""
        unit = self._units[pipeline]
        await unit.pipeline.tell(await self._ask(unit, Step.roll_back))
        return str(unit.pipeline.report().serving)

    async def steer(self, pipeline: str, action: str, name: str = "") -> dict[str, Any]:
        """Tell a pipeline's learner what to do."""
        actions = [command.value for command in Command]
        if action not in actions:
            raise DataError(f"there is no action {action!r}; there are {', '.join(actions)}")
        unit = self._units[pipeline]
        if action == Command.ADD_CLASS.value and name in unit.classes:
            raise DataError(f"pipeline {pipeline!r} has a class {name!r} already")
        await unit.pipeline.tell(await self._ask(unit, lambda step: step.steer(Command(action), name)))
        serving = str(unit.pipeline.report().serving)
        return {"pipeline": pipeline, "serving": serving, "classes": list(unit.classes)}

    async def carry_out(self, command: str, payload: bytes) -> dict[str, Any]:
        """Carry out a command that came as a message: ``label``, ``learning``, ``rollback``, ``status`` or ``bundle``.

        Raises
        ------
        DataError
            If there is no such command, or its payload is not what it takes.
        """
        if command == "status":
            return self.status()
        if command == "bundle":
            return await self.push_bundle(payload)
        request = _json(payload)
        if command == "label":
            (fate,) = await self.add_labels([_label_request(request)])
            return asdict(fate)
        if command == "learning":
            return await self.steer(self._named(request), str(request.get("action", "")), str(request.get("name", "")))
        if command == "rollback":
            name = self._named(request)
            return {"pipeline": name, "serving": await self.roll_back(name)}
        if command == "bundle-action":
            return await self.act_on_bundle(str(request.get("action")))
        raise DataError(f"there is no command {command!r}; there are {', '.join(COMMANDS)}")

    def bundles(self) -> dict[str, Any]:
        """Return which bundles are there, which serves, and how the shadow does."""
        return self._keeper().describe()

    async def push_bundle(self, content: bytes) -> dict[str, Any]:
        """Check a bundle and stage it."""
        return await self._keeper().push(content)

    async def act_on_bundle(self, action: str) -> dict[str, Any]:
        """Take the bundles a step on, or back."""
        return await self._keeper().act(action)

    def _keeper(self) -> BundleKeeper:
        for unit in self._units.values():
            if unit.bundles is not None:
                return unit.bundles
        raise BundleError("this device takes no bundles; start it with a [bundles] table in its pipeline file")

    def _info(self, name: str, deployment: Deployment) -> ModelInfo:
        known = self._infos.get(name)
        if known is None or known[0] is not deployment:
            known = self._infos[name] = (deployment, _info(name, deployment))
        return known[1]

    async def _learn(self, unit: Unit, label: AnyLabel) -> LabelFate:
        if unit.labels is None:
            raise DataError(f"pipeline {unit.pipeline.name!r} does not learn")
        queue = unit.labels

        def learn(step: Step) -> tuple[Collection[int], list[dict[str, Any]]]:
            # In the pipeline's thread, so that no window comes between and takes the label first.
            about = _predictions(step, label)
            if not queue.put(label):
                raise LinkError(f"pipeline {unit.pipeline.name!r} has too many labels that wait; give it later")
            return about, step.learn()

        about, told = await self._ask(unit, learn)
        await unit.pipeline.tell(told)
        return _fate(about, told)

    def _checked(self, request: LabelRequest) -> tuple[Unit, AnyLabel]:
        unit = self._units[self._named({"pipeline": request.pipeline})]
        if unit.labels is None:
            raise DataError(f"pipeline {request.pipeline!r} does not learn; its file needs a [learning] table")
        classes = unit.classes
        index = request.label
        if isinstance(index, str):
            if index not in classes:
                raise DataError(f"pipeline {request.pipeline!r} has no class {index!r}; it has {', '.join(classes)}")
            index = classes.index(index)
        if not 0 <= index < len(classes):
            raise DataError(f"pipeline {request.pipeline!r} has no class {index}; it has 0 to {len(classes) - 1}")
        if request.span_ns is not None:
            if request.span_ns[0] > request.span_ns[1]:
                raise NotFoundError(f"the span from {request.span_ns[0]} to {request.span_ns[1]} ends before it starts")
            return unit, SpanLabel(*request.span_ns, index, request.source)
        if request.prediction is None:
            raise DataError("a label names no prediction and no span of time")
        return unit, Label(request.prediction, index, request.source)

    def _named(self, request: Mapping[str, Any]) -> str:
        name = request.get("pipeline")
        if name not in self._units:
            raise DataError(f"there is no pipeline {name!r}; there are {', '.join(self._units)}")
        return str(name)

    async def _ask(self, unit: Unit, call: Callable[[Step], T]) -> T:
        if not unit.pipeline.is_serving:
            raise AcceleratorError(f"pipeline {unit.pipeline.name!r} is not ready; ask again later")
        with anyio.move_on_after(DEADLINE_S):
            return await unit.pipeline.ask(call)
        raise DeadlineError(f"pipeline {unit.pipeline.name!r} did not answer within {DEADLINE_S:.0f} s")


def _predictions(step: Step, label: AnyLabel) -> Collection[int]:
    """Return the predictions that a label is about; -1 stands for those of a span that are no longer remembered."""
    if isinstance(label, Label):
        return {label.prediction}
    within = [] if step.learning is None else step.learning.learner.predictions_within(label.start_ns, label.end_ns)
    return within or {-1}


def _fate(about: Collection[int], told: Sequence[Mapping[str, Any]]) -> LabelFate:
    """Return what became of a label; of two labels for one prediction that came together, this one was first."""
    fates: dict[int, str] = {}
    for record in told:
        if record["kind"] == "label" and record["prediction"] in about:
            fates.setdefault(record["prediction"], str(record["status"]))
    if not fates:
        return LabelFate("queued", 0)
    statuses = list(fates.values())
    accepted = LabelStatus.ACCEPTED.value
    status = accepted if accepted in statuses else max(set(statuses), key=statuses.count)
    return LabelFate(status, len(fates) - (-1 in fates))


def _info(name: str, deployment: Deployment) -> ModelInfo:
    graph = deployment.program.graph

    def described(numbers: Sequence[int]) -> tuple[TensorInfo, ...]:
        tensors = [graph.tensor(number) for number in numbers]
        return tuple(TensorInfo(t.name, datatype_of(t.dtype), tuple(t.shape)) for t in tensors)

    version = hashlib.sha256(deployment.program.to_bytes()).hexdigest()[:12]
    classes = deployment.network.classes
    return ModelInfo(name, version, "edge_runtime", described(graph.inputs), described(graph.outputs), classes)


def _json(payload: bytes) -> dict[str, Any]:
    try:
        value = json.loads(payload)
    except ValueError as error:
        raise DataError(f"the command's payload is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise DataError("the command's payload must be a JSON object")
    return value


def _label_request(request: Mapping[str, Any]) -> LabelRequest:
    """Read a label as HTTP's requests have it.

    Raises
    ------
    DataError
        If it is none.
    """
    try:
        label = _ANY_LABEL.validate_python(request)
    except ValidationError as error:
        mistake = error.errors()[0]
        where = ".".join(str(step) for step in mistake["loc"]) or "label"
        raise DataError(
            f'{where}: {mistake["msg"]}; a label is like {{"pipeline": "p", "prediction": 12, "label": "running"}}, '
            "or has start_ns and end_ns in place of the prediction"
        ) from error
    return label.request()
