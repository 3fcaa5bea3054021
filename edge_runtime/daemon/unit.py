"""A pipeline with what it runs at present, as the device asks and steers it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

import anyio

from edge_runtime.daemon.build import Deployment
from edge_runtime.daemon.bundle_keeper import BundleKeeper
from edge_runtime.daemon.head_push import fingerprint_of
from edge_runtime.daemon.labels import AnyLabel, Label, LabelQueue, SpanLabel
from edge_runtime.daemon.pipeline import Pipeline
from edge_runtime.daemon.step import Step
from edge_runtime.daemon.supervisor import Stage
from edge_runtime.errors import AcceleratorError, DataError, DeadlineError, LinkError
from edge_runtime.learning.events import Command
from edge_runtime.learning.memory import LabelStatus
from edge_runtime.service.device import LabelFate, LabelRequest, ModelInfo, TensorInfo
from edge_runtime.service.operations import NotFoundError
from edge_runtime.service.tensors import datatype_of

__all__ = ["DEADLINE_S", "Unit"]

DEADLINE_S = 10.0

T = TypeVar("T")


class Unit:
    """A pipeline with what it runs at present.

    Parameters
    ----------
    pipeline
        The pipeline.
    stages
        Its source, and what it supervises itself.
    bundles
        Takes bundles for it; None: it takes none.
    """

    def __init__(self, pipeline: Pipeline, stages: Mapping[str, Stage], bundles: BundleKeeper | None = None) -> None:
        self.pipeline = pipeline
        self.stages = stages
        self.bundles = bundles
        self._info: tuple[Deployment, ModelInfo] | None = None

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self.pipeline.name

    @property
    def deployment(self) -> Deployment:
        """The network."""
        return self.pipeline.engine.deployment

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names, those that were added on the device among them."""
        step = self.pipeline.step
        return self.deployment.network.classes if step is None else step.classes

    @property
    def info(self) -> ModelInfo:
        """The network as the service describes it."""
        deployment = self.deployment
        if self._info is None or self._info[0] is not deployment:
            self._info = (deployment, _info(self.name, deployment))
        return self._info[1]

    def status(self) -> dict[str, Any]:
        """Return what the pipeline reports, but for its sinks."""
        report, step = self.pipeline.report().to_dict(), self.pipeline.step
        del report["sinks"]
        return {
            **report,
            "serves": self.pipeline.is_serving,
            "stages": {name: stage.describe() for name, stage in self.stages.items()},
            "classes": list(self.classes),
            "learning": self.pipeline.learning_report(),
            "alarm": None if step is None or step.alarm is None else step.alarm.report(),
            "network": fingerprint_of(self.deployment),
            "board": self.deployment.board.name,
            "bundles": None if self.bundles is None else self.bundles.describe(),
        }

    async def ask(self, call: Callable[[Step], T]) -> T:
        """Call something with the step, in the pipeline's own thread, between two inferences.

        Raises
        ------
        AcceleratorError
            If the pipeline is not serving.
        DeadlineError
            If it does not answer in time.
        """
        if not self.pipeline.is_serving:
            raise AcceleratorError(f"pipeline {self.name!r} is not ready; ask again later")
        with anyio.move_on_after(DEADLINE_S):
            return await self.pipeline.ask(call)
        raise DeadlineError(f"pipeline {self.name!r} did not answer within {DEADLINE_S:.0f} s")

    async def roll_back(self) -> str:
        """Let the network's own last layer serve again, and return the name of the head that serves now."""
        await self.pipeline.tell(await self.ask(Step.roll_back))
        return str(self.pipeline.report().serving)

    async def steer(self, action: str, name: str) -> dict[str, Any]:
        """Tell the learner what to do.

        Raises
        ------
        DataError
            If there is no such action, or the class is there already.
        """
        actions = [command.value for command in Command]
        if action not in actions:
            raise DataError(f"there is no action {action!r}; there are {', '.join(actions)}")
        if action == Command.ADD_CLASS.value and name in self.classes:
            raise DataError(f"pipeline {self.name!r} has a class {name!r} already")
        await self.pipeline.tell(await self.ask(lambda step: step.steer(Command(action), name)))
        serving = str(self.pipeline.report().serving)
        return {"pipeline": self.name, "serving": serving, "classes": list(self.classes)}

    def checked(self, request: LabelRequest) -> AnyLabel:
        """Return a label as the learner takes it.

        Raises
        ------
        DataError
            If the pipeline does not learn, or what the label names is not there.
        """
        self._queue()
        index = self._class_of(request.label)
        if request.span_ns is not None:
            if request.span_ns[0] > request.span_ns[1]:
                raise NotFoundError(f"the span from {request.span_ns[0]} to {request.span_ns[1]} ends before it starts")
            return SpanLabel(*request.span_ns, index, request.source)
        if request.prediction is None:
            raise DataError("a label names no prediction and no span of time")
        return Label(request.prediction, index, request.source)

    async def learn(self, label: AnyLabel) -> LabelFate:
        """Learn a label at once, between two inferences."""
        queue = self._queue()

        def learn(step: Step) -> tuple[Collection[int], list[dict[str, Any]]]:
            # In the pipeline's thread, so that no window comes between and takes the label first.
            about = _predictions(step, label)
            if not queue.put(label):
                raise LinkError(f"pipeline {self.name!r} has too many labels that wait; give it later")
            return about, step.learn()

        about, told = await self.ask(learn)
        await self.pipeline.tell(told)
        return _fate(about, told)

    def _queue(self) -> LabelQueue:
        labels = self.pipeline.engine.labels
        if labels is None:
            raise DataError(f"pipeline {self.name!r} does not learn; its file needs a [learning] table")
        return labels

    def _class_of(self, label: str | int) -> int:
        classes = self.classes
        if isinstance(label, str):
            if label not in classes:
                raise DataError(f"pipeline {self.name!r} has no class {label!r}; it has {', '.join(classes)}")
            return classes.index(label)
        if not 0 <= label < len(classes):
            raise DataError(f"pipeline {self.name!r} has no class {label}; it has 0 to {len(classes) - 1}")
        return label


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
