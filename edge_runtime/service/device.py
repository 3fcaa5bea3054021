"""The device seam: what the service asks of whoever runs the pipelines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from edge_runtime.service.hub import Hub

__all__ = ["Device", "LabelFate", "LabelRequest", "ModelInfo", "TensorInfo"]


@dataclass(frozen=True)
class TensorInfo:
    """An input or an output of a model, as the Open Inference Protocol describes it.

    Parameters
    ----------
    name
        The tensor's name.
    datatype
        ``INT8``, ``FP32`` ….
    shape
        Its shape.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class ModelInfo:
    """A model that the device serves; it is called as its pipeline is.

    Parameters
    ----------
    name
        The pipeline's name.
    version
        What tells this network from others.
    platform
        What runs it.
    inputs, outputs
        Its tensors.
    classes
        The classes' names; empty where they have none.
    """

    name: str
    version: str
    platform: str
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelRequest:
    """What somebody says a prediction should have been.

    Parameters
    ----------
    pipeline
        Whose prediction.
    label
        The class: its name or its index.
    prediction
        The prediction's number, as its record says; None: the span says which are meant.
    span_ns
        Start and end of a span of time, nanoseconds since the Unix epoch, UTC: all predictions are meant whose windows
        lie wholly in it.
    source
        Who says so.
    """

    pipeline: str
    label: str | int
    prediction: int | None = None
    span_ns: tuple[int, int] | None = None
    source: str = ""


@dataclass(frozen=True)
class LabelFate:
    """What became of a label.

    Parameters
    ----------
    status
        ``accepted``, ``forgotten``, ``duplicate`` …; ``queued`` where the stream has not come to the end of its span
        yet; of several predictions, ``accepted`` if any was, and otherwise what most of them met.
    predictions
        How many predictions it was about.
    """

    status: str
    predictions: int


class Device(ABC):
    """What runs the pipelines. Every method may be called at any time, and answers or raises within its deadline.

    Attributes
    ----------
    name
        The device's name.
    hub
        Where its records, and what the dashboard shows beside them, can be heard.
    """

    name: str
    hub: Hub

    @abstractmethod
    def is_ready(self, model: str | None = None) -> bool:
        """Say whether a model can be asked; None: whether all can."""

    @abstractmethod
    def models(self) -> Mapping[str, ModelInfo]:
        """Return the models by name."""

    @abstractmethod
    def status(self) -> dict[str, Any]:
        """Return what is known of the device: ``pipelines``, each as its status record says it, and ``sinks``."""

    @abstractmethod
    def features(self) -> list[dict[str, Any]]:
        """Return the newest features of each view and key: ``view``, ``version``, ``key``, ``values`` …."""

    @abstractmethod
    async def infer(self, model: str, inputs: Sequence[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        """Run a model once, between two of the stream's inferences, with the head that serves.

        Raises
        ------
        DataError
            If an input has another shape or dtype than the model's.
        DeadlineError
            If the accelerator does not answer in time.
        KeyError
            If there is no such model.
        """

    @abstractmethod
    async def add_labels(self, labels: Sequence[LabelRequest]) -> list[LabelFate]:
        """Learn labels, and say of each what became of it.

        Raises
        ------
        DataError
            If a pipeline, a class or a prediction is not there, or the pipeline does not learn; none is learnt.
        """

    @abstractmethod
    async def roll_back(self, pipeline: str) -> str:
        """Let the network's own last layer serve again, and return the name of the head that serves now.

        Raises
        ------
        KeyError
            If there is no such pipeline.
        """

    @abstractmethod
    async def steer(self, pipeline: str, action: str, name: str = "") -> dict[str, Any]:
        """Tell a pipeline's learner what to do, and return which head serves now and which classes there are.

        Parameters
        ----------
        pipeline
            Whose.
        action
            ``promote``, ``roll back``, ``shadow``, ``hold``, ``release``, ``refresh`` or ``add class``.
        name
            The candidate's, or the new class's.

        Raises
        ------
        DataError
            If the pipeline does not learn, or there is no such action or candidate.
        FitError
            If there is no row for another class.
        KeyError
            If there is no such pipeline.
        """

    @abstractmethod
    async def reload(self) -> dict[str, Any]:
        """Read the device's file again, and return what was ``applied`` and what was ``refused``: it takes a restart.

        Raises
        ------
        ConfigError
            If the file has a mistake; nothing was changed.
        """

    @abstractmethod
    def bundles(self, pipeline: str = "") -> dict[str, Any]:
        """Return which bundles a pipeline has, and which serves; no name means the only one that takes bundles.

        Raises
        ------
        BundleError
            If none takes bundles, or several do and none is named; the message names them.
        DataError
            If the one that is named is not there, or takes none.
        """

    @abstractmethod
    async def push_bundle(self, content: bytes, pipeline: str = "") -> dict[str, Any]:
        """Check a bundle and stage it in a pipeline.

        Raises
        ------
        BundleError
            If it is refused, with the reason; what runs goes on.
        BundleError, DataError
            As `bundles` does.
        """

    @abstractmethod
    async def push_head(self, content: bytes, pipeline: str = "") -> dict[str, Any]:
        """Let a head that was trained elsewhere take part, and return what became of it.

        Parameters
        ----------
        content
            The signed file.
        pipeline
            Where; no name means every pipeline that runs its network and trusts whoever signed it.

        Raises
        ------
        BundleError
            If it is refused, with the reason; what runs goes on.
        DataError
            As `bundles` does.
        """

    @abstractmethod
    async def act_on_bundle(self, action: str, pipeline: str = "") -> dict[str, Any]:
        """Do ``shadow``, ``activate``, ``commit``, ``rollback`` or ``discard``, and return the bundles' state.

        Raises
        ------
        BundleError
            If the state does not allow it.
        BundleError, DataError
            As `bundles` does.
        """
