"""What the service's requests and answers look like; OpenAPI is made from these."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from edge_runtime.service.device import LabelRequest

__all__ = [
    "BundleAction",
    "BundleState",
    "Failure",
    "Features",
    "InferRequest",
    "InferResponse",
    "LabelledSpan",
    "Labels",
    "LabelsAnswer",
    "Live",
    "ModelMetadata",
    "OneLabel",
    "Ready",
    "Reload",
    "Reloaded",
    "RequestTensor",
    "ResponseTensor",
    "RollBack",
    "RolledBack",
    "ServerMetadata",
    "Status",
    "Steered",
    "Steering",
    "StoredFeatures",
]


def _whole(value: Any) -> Any:
    """Read 3.0 as 3: to JSON Schema both are integers."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]


class Body(BaseModel):
    """Base of all bodies: what is not known is refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Failure(Body):
    """Why a request failed, in one line."""

    error: str


class Live(Body):
    """Whether the service answers."""

    live: bool


class Ready(Body):
    """Whether a model, or all of them, can be asked."""

    ready: bool
    name: str | None = None


class ServerMetadata(Body):
    """What the server is."""

    name: str
    version: str
    extensions: list[str]


class TensorMetadata(Body):
    """An input or an output."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(Body):
    """What a model takes and gives; `classes` goes beyond the protocol."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]
    classes: list[str]


class RequestTensor(BaseModel):
    """An input's values: flat or nested lists in `data`, or after the JSON by the binary extension."""

    model_config = ConfigDict(extra="forbid")

    name: str
    shape: list[Whole] = Field(min_length=1, max_length=8)
    datatype: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    data: list[Any] | None = None


class RequestedOutput(BaseModel):
    """An output that is wanted."""

    model_config = ConfigDict(extra="forbid")

    name: str
    parameters: dict[str, Any] = Field(default_factory=dict)


class InferRequest(BaseModel):
    """The Open Inference Protocol's inference request."""

    model_config = ConfigDict(extra="forbid")

    id: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    inputs: list[RequestTensor] = Field(min_length=1, max_length=64)
    outputs: list[RequestedOutput] | None = None


class ResponseTensor(Body):
    """An output's values, row by row."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] | None = None
    data: list[Any] | None = None


class InferResponse(Body):
    """The Open Inference Protocol's inference response."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[ResponseTensor]


class AnyLabel(Body):
    """What something should have been: the class by name or by index, and who says so."""

    pipeline: str
    label: str | Whole
    source: str = Field(default="", max_length=64)


class OneLabel(AnyLabel):
    """What a prediction should have been."""

    prediction: Whole = Field(ge=0, le=2**53)

    def request(self) -> LabelRequest:
        """Return it as the device takes it."""
        return LabelRequest(self.pipeline, self.label, self.prediction, source=self.source)


class LabelledSpan(AnyLabel):
    """What all predictions should have been whose windows lie in a span of time, nanoseconds since the Unix epoch."""

    start_ns: Whole = Field(ge=-(2**63), lt=2**63)
    end_ns: Whole = Field(ge=-(2**63), lt=2**63)

    def request(self) -> LabelRequest:
        """Return it as the device takes it."""
        return LabelRequest(self.pipeline, self.label, span_ns=(self.start_ns, self.end_ns), source=self.source)


class Labels(Body):
    """Labels, all of which are taken or none."""

    labels: list[OneLabel | LabelledSpan] = Field(min_length=1, max_length=1000)


class LabelsAnswer(Body):
    """What became of each label, and how many predictions each was about."""

    statuses: list[str]
    predictions: list[int]


class RollBack(Body):
    """Which pipeline shall return to its network's own last layer."""

    pipeline: str


class RolledBack(Body):
    """Which head serves now."""

    pipeline: str
    serving: str


class Steering(Body):
    """What a pipeline's learner shall do, with which candidate or class."""

    pipeline: str
    action: Literal["promote", "roll back", "shadow", "hold", "release", "add class", "refresh"]
    name: str = Field(default="", max_length=64)


class Steered(Body):
    """Which head serves now, and which classes there are."""

    pipeline: str
    serving: str
    classes: list[str]


class Reload(Body):
    """Nothing: the device's file is where it is."""


class Reloaded(Body):
    """Which settings were changed, and which would take a restart and keep their old values."""

    applied: list[str]
    refused: list[str]


class BundleAction(Body):
    """What to do with a pipeline's bundles; no name means the only pipeline that takes bundles."""

    action: Literal["shadow", "activate", "commit", "rollback", "discard"]
    pipeline: str = ""


class BundleState(BaseModel):
    """Which of a pipeline's bundles is in which state."""

    model_config = ConfigDict(extra="allow")

    pipeline: str
    active: str | None
    previous: str | None
    candidate: str | None
    state: str


class HeadTaken(Body):
    """A head that takes part now: its digest and title, under which name, and in which pipelines."""

    head: str
    title: str
    candidate: str
    pipelines: list[str]


class StoredFeatures(Body):
    """The newest features of a view and key; a value that is not finite is null."""

    view: str
    version: int
    fingerprint: str
    key: str
    start_ns: int
    end_ns: int
    flags: list[str]
    values: dict[str, float | None]


class Features(Body):
    """The newest features of each view and key."""

    features: list[StoredFeatures]


class Status(BaseModel):
    """The device's status."""

    model_config = ConfigDict(extra="allow")

    device: str
    ready: bool
    uptime_s: float
    pipelines: dict[str, Any]
    sinks: dict[str, Any]
    overlays: dict[str, Any] = Field(default_factory=dict)
    stages: dict[str, Any] = Field(default_factory=dict)
