"""Commands that come as messages, over MQTT or a serial line: a name, and JSON that says what about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter, ValidationError

from edge_runtime.errors import DataError
from edge_runtime.service.bodies import LabelledSpan, OneLabel
from edge_runtime.service.device import Device, LabelRequest

__all__ = ["COMMANDS", "carry_out"]

COMMANDS = ("label", "learning", "rollback", "status", "bundle", "bundle-action", "bundles", "head")
_ANY_LABEL: TypeAdapter[OneLabel | LabelledSpan] = TypeAdapter(OneLabel | LabelledSpan)


async def carry_out(device: Device, command: str, payload: bytes) -> dict[str, Any]:
    """Carry out one of `COMMANDS`, and return what came of it.

    Raises
    ------
    DataError
        If there is no such command, or its payload is not what it takes.
    """
    # A file's pipeline, where one was named, stands behind its command.
    command, _, pipeline = command.partition("/")
    pushes = {"bundle": device.push_bundle, "head": device.push_head}
    if command in pushes:
        return await pushes[command](payload, pipeline)
    request = _json(payload or b"{}")
    if command in ("status", "bundles"):
        return device.status() if command == "status" else device.bundles(_name(request))
    if command == "label":
        (fate,) = await device.add_labels([_label_request(request)])
        return asdict(fate)
    if command == "learning":
        name = _pipeline(device, request)
        return await device.steer(name, str(request.get("action", "")), str(request.get("name", "")))
    if command == "rollback":
        name = _pipeline(device, request)
        return {"pipeline": name, "serving": await device.roll_back(name)}
    if command == "bundle-action":
        return await device.act_on_bundle(str(request.get("action")), _name(request))
    raise DataError(f"there is no command {command!r}; there are {', '.join(COMMANDS)}")


def _pipeline(device: Device, request: Mapping[str, Any]) -> str:
    name, there = request.get("pipeline"), device.models()
    if name not in there:
        raise DataError(f"there is no pipeline {name!r}; there are {', '.join(there)}")
    return str(name)


def _name(request: Mapping[str, Any]) -> str:
    """Return the pipeline that a request names; empty: it names none."""
    return str(request.get("pipeline") or "")


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
