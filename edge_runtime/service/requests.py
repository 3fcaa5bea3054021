"""Reads requests' bodies: bounded, and of the type that was asked for."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel
from starlette.requests import Request

from edge_runtime.errors import InputError

__all__ = ["LARGEST_JSON", "BadRequestError", "read_body", "read_json"]

LARGEST_JSON = 8 * 2**20

BodyT = TypeVar("BodyT", bound=BaseModel)


class BadRequestError(InputError):
    """A body that is too large or of the wrong type."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


async def read_body(request: Request, largest: int, *, media_type: str | tuple[str, ...]) -> bytes:
    """Return a request's body.

    A form or plain text, which any web page may send here without asking, is not taken for anything else.

    Raises
    ------
    BadRequestError
        If it is too large, or of another media type.
    """
    given = request.headers.get("content-type", "").split(";")[0].strip().lower()
    accepted = (media_type,) if isinstance(media_type, str) else media_type
    if given not in accepted:
        raise BadRequestError(f"the content type is {given or 'missing'}; it must be {' or '.join(accepted)}", 415)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > largest:
            raise BadRequestError(f"the body has more than {largest:,} bytes", 413)
    return bytes(body)


async def read_json(request: Request, model: type[BodyT]) -> BodyT:
    """Return a request's JSON body.

    Raises
    ------
    BadRequestError
        As `read_body` does.
    pydantic.ValidationError
        If it is not what `model` says.
    """
    return model.model_validate_json(await read_body(request, LARGEST_JSON, media_type="application/json"), strict=True)
