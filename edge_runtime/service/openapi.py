"""The service described as OpenAPI 3.1, from the same list of operations that it is routed by."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from edge_runtime import __version__
from edge_runtime.service import bodies
from edge_runtime.service.operations import MODEL, OF_VERSION, OPERATIONS, Operation

__all__ = ["openapi_document"]

REFERENCE = "#/components/schemas/{model}"

MEANINGS = {
    "400": "What was sent is wrong; `error` says what",
    "404": "There is no such model, version or pipeline",
    "409": "Refused in this state, or not to be trusted",
    "413": "The body is too large",
    "415": "The body is of another media type",
    "503": "Not ready, or no answer in time",
}
NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
VERSION = {**NAME, "name": "version"}
PIPELINE = {"name": "pipeline", "in": "query", "required": False, "schema": {"type": "string"}}


def openapi_document() -> dict[str, Any]:
    """Return the document, as ``/openapi.json`` shows it."""
    models = {operation.answer for operation in OPERATIONS} | {op.body for op in OPERATIONS if op.body is not None}
    models |= {bodies.Failure, bodies.HeadTaken, bodies.InferRequest, bodies.InferResponse}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(model, "validation") for model in ordered], ref_template=REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    _add_special(paths)
    paths |= _of_versions(paths)
    return {
        "openapi": "3.1.0",
        "info": {"title": "edge_runtime", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _of_versions(paths: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the paths that ask the same of a version of a model."""
    return {
        path.replace(MODEL, OF_VERSION): {
            method: {**described, "parameters": [NAME, VERSION]} for method, described in methods.items()
        }
        for path, methods in paths.items()
        if path.startswith(MODEL)
    }


def _described(operation: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": _answer("Done", operation.answer)}
    for status in map(str, operation.may_fail):
        model = operation.answer if status == "503" and operation.answer is bodies.Ready else bodies.Failure
        responses[status] = _answer(MEANINGS[status], model)
    described: dict[str, Any] = {"summary": operation.summary, "responses": responses}
    if "{name}" in operation.path:
        described["parameters"] = [NAME]
    if operation.takes_pipeline:
        described["parameters"] = [PIPELINE]
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _json_content(operation.body)}
    return described


def _add_special(paths: dict[str, dict[str, Any]]) -> None:
    """Describe what has no JSON body or answer, or more than one form of it."""
    failures = {status: _answer(MEANINGS[status], bodies.Failure) for status in ("400", "413", "415", "503")}
    paths[f"{MODEL}/infer"] = {
        "post": {
            "summary": "Run a model once (binary tensors: see the protocol's binary extension)",
            "parameters": [NAME],
            "requestBody": {"required": True, "content": _json_content(bodies.InferRequest)},
            "responses": {
                "200": {
                    "description": "The outputs",
                    "content": {**_json_content(bodies.InferResponse), "application/octet-stream": {"schema": {}}},
                },
                **failures,
                "404": _answer(MEANINGS["404"], bodies.Failure),
            },
        }
    }
    refusals = {**failures, **{status: _answer(MEANINGS[status], bodies.Failure) for status in ("404", "409")}}
    staged = {"200": _answer("Staged", bodies.BundleState), **refusals}
    taken = {"200": _answer("It takes part", bodies.HeadTaken), **refusals}
    paths["/bundles"]["post"] = _upload("Check a bundle and stage it", staged)
    paths["/heads"] = {"post": _upload("Let a head that was trained elsewhere take part, under the gate", taken)}
    paths["/metrics"] = {"get": _text("Metrics for Prometheus", "application/openmetrics-text")}
    events = _text("What happens, as it happens", "text/event-stream")
    once = {"name": "once", "in": "query", "required": False, "allowEmptyValue": True, "schema": {"type": "string"}}
    paths["/events"] = {"get": {**events, "parameters": [once]}}
    paths["/"] = {"get": _text("The dashboard", "text/html")}


def _upload(summary: str, responses: dict[str, Any]) -> dict[str, Any]:
    """Describe what takes a signed file."""
    content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary", "minLength": 1}}}
    body = {"required": True, "content": content}
    return {"summary": summary, "parameters": [PIPELINE], "requestBody": body, "responses": responses}


def _json_content(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REFERENCE.format(model=model.__name__)}}}


def _answer(meaning: str, model: type[BaseModel]) -> dict[str, Any]:
    return {"description": meaning, "content": _json_content(model)}


def _text(summary: str, media_type: str) -> dict[str, Any]:
    content = {media_type: {"schema": {"type": "string"}}}
    return {"summary": summary, "responses": {"200": {"description": summary, "content": content}}}
