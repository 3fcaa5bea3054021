"""What the service can be asked; `OPERATIONS` is the list that routes and OpenAPI are made from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import BaseModel

from edge_runtime import __version__
from edge_runtime.errors import DataError
from edge_runtime.service import bodies
from edge_runtime.service.device import Device, ModelInfo

__all__ = ["MODEL", "OF_VERSION", "OPERATIONS", "NotFoundError", "Operation", "check_version", "model_of"]

MODEL = "/v2/models/{name}"
OF_VERSION = f"{MODEL}/versions/{{version}}"
"""What the protocol's requests about a model begin with, and those about a version of it."""

Handler = Callable[[Device, str, BaseModel | None], Awaitable[BaseModel]]


class NotFoundError(DataError):
    """What was asked for is not there."""


@dataclass(frozen=True)
class Operation:
    """One request.

    Parameters
    ----------
    method, path
        How it is asked; ``{name}`` in the path is a model's name, or a view's.
    summary
        What it does.
    handler
        Does it, given the device, the name in the path or the query, and the body.
    answer
        The type of the answer.
    body
        The type of the request's body; None: it has none.
    may_fail
        The statuses beside 200 that it may answer.
    takes_pipeline
        Whether ``?pipeline=`` may name one.
    """

    method: str
    path: str
    summary: str
    handler: Handler
    answer: type[BaseModel]
    body: type[BaseModel] | None = None
    may_fail: tuple[int, ...] = ()
    takes_pipeline: bool = False


def model_of(device: Device, name: str) -> ModelInfo:
    """Return a model.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    models = device.models()
    if name not in models:
        raise NotFoundError(f"there is no model {name!r}; there are {', '.join(models) or 'none'}")
    return models[name]


def check_version(device: Device, name: str, version: str) -> None:
    """Check that a model has a version.

    Raises
    ------
    NotFoundError
        If there is no such model, or it has another version.
    """
    model = model_of(device, name)
    if version != model.version:
        raise NotFoundError(f"model {name!r} has no version {version!r}; it has {model.version}")


async def _server(device: Device, _: str, __: BaseModel | None) -> BaseModel:
    return bodies.ServerMetadata(name=device.name, version=__version__, extensions=["binary_tensor_data"])


async def _live(_: Device, __: str, ___: BaseModel | None) -> BaseModel:
    return bodies.Live(live=True)


async def _ready(device: Device, _: str, __: BaseModel | None) -> BaseModel:
    return bodies.Ready(ready=device.is_ready())


async def _model_ready(device: Device, name: str, _: BaseModel | None) -> BaseModel:
    return bodies.Ready(name=model_of(device, name).name, ready=device.is_ready(name))


async def _model(device: Device, name: str, _: BaseModel | None) -> BaseModel:
    model = model_of(device, name)

    def described(tensors: tuple[object, ...]) -> list[bodies.TensorMetadata]:
        return [bodies.TensorMetadata.model_validate(tensor, from_attributes=True) for tensor in tensors]

    return bodies.ModelMetadata(
        name=model.name,
        versions=[model.version],
        platform=model.platform,
        inputs=described(model.inputs),
        outputs=described(model.outputs),
        classes=list(model.classes),
    )


async def _status(device: Device, _: str, __: BaseModel | None) -> BaseModel:
    return bodies.Status.model_validate(device.status())


async def _features(device: Device, name: str, _: BaseModel | None) -> BaseModel:
    found = [one for one in device.features() if name in ("", one["view"], one["fingerprint"])]
    if name and not found:
        raise NotFoundError(f"there are no features of a view {name!r}; say [online] in the pipeline file to keep them")
    return bodies.Features.model_validate({"features": found})


async def _labels(device: Device, _: str, body: BaseModel | None) -> BaseModel:
    if not isinstance(body, bodies.Labels):
        raise DataError("labels are missing")
    for label in body.labels:
        model_of(device, label.pipeline)
    fates = await device.add_labels([label.request() for label in body.labels])
    return bodies.LabelsAnswer(
        statuses=[fate.status for fate in fates], predictions=[fate.predictions for fate in fates]
    )


async def _steer(device: Device, _: str, body: BaseModel | None) -> BaseModel:
    if not isinstance(body, bodies.Steering):
        raise DataError("the action is missing")
    pipeline = model_of(device, body.pipeline).name
    return bodies.Steered.model_validate(await device.steer(pipeline, body.action, body.name))


async def _roll_back(device: Device, _: str, body: BaseModel | None) -> BaseModel:
    if not isinstance(body, bodies.RollBack):
        raise DataError("the pipeline's name is missing")
    pipeline = model_of(device, body.pipeline).name
    return bodies.RolledBack(pipeline=pipeline, serving=await device.roll_back(pipeline))


async def _reload(device: Device, _: str, __: BaseModel | None) -> BaseModel:
    return bodies.Reloaded.model_validate(await device.reload())


async def _bundles(device: Device, pipeline: str, _: BaseModel | None) -> BaseModel:
    return bodies.BundleState.model_validate(device.bundles(pipeline))


async def _act(device: Device, _: str, body: BaseModel | None) -> BaseModel:
    if not isinstance(body, bodies.BundleAction):
        raise DataError("the action is missing")
    return bodies.BundleState.model_validate(await device.act_on_bundle(body.action, body.pipeline))


OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/v2", "What the server is", _server, bodies.ServerMetadata),
    Operation("GET", "/v2/health/live", "Whether the service answers", _live, bodies.Live),
    Operation("GET", "/v2/health/ready", "Whether all models can be asked", _ready, bodies.Ready, may_fail=(503,)),
    Operation("GET", MODEL, "What a model takes and gives", _model, bodies.ModelMetadata, may_fail=(404,)),
    Operation(
        "GET",
        f"{MODEL}/ready",
        "Whether a model can be asked",
        _model_ready,
        bodies.Ready,
        may_fail=(404, 503),
    ),
    Operation("GET", "/status", "All that is known of the device", _status, bodies.Status),
    Operation("GET", "/features", "The newest features of all views", _features, bodies.Features),
    Operation(
        "GET", "/features/{name}", "The newest features of a view, by key", _features, bodies.Features, may_fail=(404,)
    ),
    Operation(
        *("POST", "/labels", "Say what predictions should have been", _labels, bodies.LabelsAnswer),
        body=bodies.Labels,
        may_fail=(400, 404, 413, 415, 503),
    ),
    Operation(
        *("POST", "/rollback", "Return to the network's own last layer", _roll_back, bodies.RolledBack),
        body=bodies.RollBack,
        may_fail=(400, 404, 413, 415, 503),
    ),
    Operation(
        *(
            "POST",
            "/learning",
            "Steer a learner, or add a class",
            _steer,
            bodies.Steered,
        ),
        body=bodies.Steering,
        may_fail=(400, 404, 413, 415, 503),
    ),
    Operation(
        *("POST", "/reload", "Read the device's file again", _reload, bodies.Reloaded),
        body=bodies.Reload,
        may_fail=(400, 409, 413, 415, 503),
    ),
    Operation(
        *("GET", "/bundles", "Which bundles are there", _bundles, bodies.BundleState),
        may_fail=(404, 409),
        takes_pipeline=True,
    ),
    Operation(
        *("POST", "/bundles/action", "Take a bundle a step on, or back", _act, bodies.BundleState),
        body=bodies.BundleAction,
        may_fail=(400, 404, 409, 413, 415, 503),
    ),
)
