"""The service as an ASGI application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_runtime.errors import (
    BundleError,
    ConfigError,
    DataError,
    EdgeRuntimeError,
    InputError,
    ModelError,
)
from edge_runtime.service import bodies
from edge_runtime.service.device import Device
from edge_runtime.service.events import event_stream
from edge_runtime.service.infer import infer
from edge_runtime.service.metrics import CONTENT_TYPE, render_metrics
from edge_runtime.service.openapi import openapi_document
from edge_runtime.service.operations import MODEL, OF_VERSION, OPERATIONS, NotFoundError, Operation, check_version
from edge_runtime.service.page import PAGE, read_page
from edge_runtime.service.requests import BadRequestError, read_body, read_json

__all__ = ["build_app"]

LARGEST_BUNDLE = 64 * 2**20
LARGEST_HEAD = 4 * 2**20

Endpoint = Callable[[Request], Awaitable[Response]]

STATUSES = {NotFoundError: 404, BundleError: 409, ConfigError: 409, ModelError: 409, InputError: 400}
"""What an error is answered with, the first that fits; everything else is 503."""


def build_app(device: Device) -> Starlette:
    """Return the application that serves a device.

    It knows nothing of who may ask what: `edge_runtime.service.server.serve` stands before it with token and TLS.
    """
    document = openapi_document()
    routes = [_route(operation, device) for operation in OPERATIONS]
    routes += [
        Route(f"{MODEL}/infer", _answering(partial(infer, device)), methods=["POST"]),
        Route("/bundles", _answering(partial(_push_bundle, device)), methods=["POST"]),
        Route("/heads", _answering(partial(_push_head, device)), methods=["POST"]),
        Route("/metrics", _answering(partial(_metrics, device)), methods=["GET"]),
        Route("/events", _answering(partial(event_stream, device.hub)), methods=["GET"]),
        Route("/openapi.json", lambda _: JSONResponse(document), methods=["GET"]),
        Route("/", lambda _: Response(read_page(), media_type="text/html", headers=PAGE), methods=["GET"]),
    ]
    routes += [_of_version(route, device) for route in routes if route.path.startswith(MODEL)]
    return Starlette(routes=_merged(routes), exception_handlers={HTTPException: _failure})


def _of_version(route: Route, device: Device) -> Route:
    """Return the route that asks the same of a version of a model."""

    async def endpoint(request: Request) -> Response:
        check_version(device, request.path_params["name"], request.path_params["version"])
        answer: Response = await route.endpoint(request)
        return answer

    return Route(route.path.replace(MODEL, OF_VERSION), _answering(endpoint), methods=list(route.methods or ()))


def _merged(routes: list[Route]) -> list[Route]:
    """Put routes with one path together, so that a wrong method is answered with all that are right."""
    by_path: dict[str, list[Route]] = {}
    for route in routes:
        by_path.setdefault(route.path, []).append(route)
    return [same[0] if len(same) == 1 else _by_method(path, same) for path, same in by_path.items()]


def _by_method(path: str, routes: list[Route]) -> Route:
    endpoints = {method: route.endpoint for route in routes for method in route.methods or ()}

    async def endpoint(request: Request) -> Response:
        answer: Response = await endpoints[request.method](request)
        return answer

    return Route(path, endpoint, methods=list(endpoints))


def _route(operation: Operation, device: Device) -> Route:
    async def endpoint(request: Request) -> Response:
        body = None if operation.body is None else await read_json(request, operation.body)
        name = _pipeline_of(request) if operation.takes_pipeline else request.path_params.get("name", "")
        answer = await operation.handler(device, name, body)
        status = 503 if isinstance(answer, bodies.Ready) and not answer.ready else 200
        return _json(answer, status)

    return Route(operation.path, _answering(endpoint), methods=[operation.method])


def _pipeline_of(request: Request) -> str:
    """Return the pipeline that a request's query names; empty: it names none."""
    return request.query_params.get("pipeline", "")


def _json(answer: BaseModel, status: int = 200) -> Response:
    return Response(answer.model_dump_json(exclude_none=False), status, media_type="application/json")


def _answering(endpoint: Endpoint) -> Endpoint:
    """Turn an endpoint's errors into answers: one line each, never a traceback."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ValidationError as error:
            return _failed(400, _first_mistake(error))
        except ClientDisconnect:
            return _failed(400, "the client went away")
        except (EdgeRuntimeError, TimeoutError) as error:
            return _failed(_status_of(error), str(error) or "no answer in time; ask again")

    return answered


def _status_of(error: Exception) -> int:
    if isinstance(error, BadRequestError):
        return error.status
    return next((status for kind, status in STATUSES.items() if isinstance(error, kind)), 503)


def _first_mistake(error: ValidationError) -> str:
    mistake = error.errors()[0]
    where = ".".join(str(step) for step in mistake["loc"]) or "the body"
    return f"{where}: {mistake['msg']}"


def _failed(status: int, message: str) -> Response:
    return _json(bodies.Failure(error=message), status)


async def _failure(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    detail = error.detail if isinstance(error, HTTPException) else "internal error"
    return JSONResponse({"error": detail}, status, headers=dict(headers or {}))


async def _push_bundle(device: Device, request: Request) -> Response:
    content = await read_body(request, LARGEST_BUNDLE, media_type="application/octet-stream")
    if not content:
        raise DataError("the body is empty; send a bundle")
    state = bodies.BundleState.model_validate(await device.push_bundle(content, _pipeline_of(request)))
    return _json(state)


async def _push_head(device: Device, request: Request) -> Response:
    content = await read_body(request, LARGEST_HEAD, media_type="application/octet-stream")
    if not content:
        raise DataError("the body is empty; send a head")
    return _json(bodies.HeadTaken.model_validate(await device.push_head(content, _pipeline_of(request))))


async def _metrics(device: Device, _: Request) -> Response:
    return Response(render_metrics(device.status()), media_type=None, headers={"Content-Type": CONTENT_TYPE})
