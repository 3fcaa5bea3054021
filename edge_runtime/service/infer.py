"""The Open Inference Protocol's inference request, with its binary extension."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from edge_runtime.errors import DataError
from edge_runtime.service import bodies
from edge_runtime.service.device import Device
from edge_runtime.service.operations import model_of
from edge_runtime.service.requests import LARGEST_JSON, read_body
from edge_runtime.service.tensors import read_inputs, write_outputs

__all__ = ["infer"]

MEDIA_TYPES = ("application/json", "application/octet-stream", "")
"""Clients differ in what they call an inference request, and tritonclient says nothing; it changes nothing here."""

JSON_LENGTH = "Inference-Header-Content-Length"


async def infer(device: Device, request: Request) -> Response:
    """Answer an inference request."""
    model = model_of(device, request.path_params["name"])
    head, binary = await _read(request)
    asked = bodies.InferRequest.model_validate_json(head, strict=True)
    outputs = await device.infer(model.name, read_inputs(model, asked, binary))
    tensors, raw = write_outputs(model, asked, outputs)
    answer = bodies.InferResponse(model_name=model.name, model_version=model.version, id=asked.id, outputs=tensors)
    text = answer.model_dump_json(exclude_none=True).encode()
    if not raw:
        return Response(text, media_type="application/json")
    return Response(text + raw, media_type="application/octet-stream", headers={JSON_LENGTH: str(len(text))})


async def _read(request: Request) -> tuple[bytes, bytes]:
    """Return a body's JSON and what stands after it."""
    length = request.headers.get(JSON_LENGTH)
    if length is None:
        return await read_body(request, LARGEST_JSON, media_type=MEDIA_TYPES), b""
    body = await read_body(request, LARGEST_JSON, media_type=MEDIA_TYPES)
    if not (length.isascii() and length.isdigit()) or int(length) > len(body):
        raise DataError(f"{JSON_LENGTH} is {length!r}, but the body has {len(body)} bytes")
    return body[: int(length)], body[int(length) :]
