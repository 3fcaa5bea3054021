"""TOML files into checked pydantic models; every mistake in them becomes one line that says how to mend it."""

from __future__ import annotations

import difflib
import json
import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails

from edge_runtime.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["NearbyPath", "Table", "parse_table", "parse_toml", "read_toml"]

SHOWN_MISTAKES = 3


class Table(BaseModel):
    """Base of every table in a configuration file: immutable, and a key that it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


ModelT = TypeVar("ModelT", bound=BaseModel)


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    return path if folder is None else folder / path.expanduser()


NearbyPath = Annotated[Path, AfterValidator(_beside_the_file)]
"""A path; a relative one starts at the folder of the file that names it."""


def parse_toml(path: Path | str, model_type: type[ModelT]) -> ModelT:
    """Read a TOML file into `model_type`.

    Parameters
    ----------
    path
        The file. A `NearbyPath` in it starts at the file's own folder.
    model_type
        A pydantic model, normally a `Table`.

    Raises
    ------
    ConfigError
        If the file cannot be read, is not TOML, or has a wrong key or value: one line with the file, the
        key's path, what is wrong and what would be right.
    """
    path = Path(path)
    return parse_table(read_toml(path), model_type, str(path), folder=path.parent)


def read_toml(path: Path | str) -> dict[str, Any]:
    """Read a TOML file as it stands.

    Raises
    ------
    ConfigError
        If the file cannot be read or is not TOML; the message names the line.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; give the path of a TOML file") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text at byte {error.start}; give the path of a TOML file") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def parse_table(data: Mapping[str, Any], model_type: type[ModelT], where: str, *, folder: Path | None = None) -> ModelT:
    """Check a table that has been read already.

    The check is strict (``"8"`` is no number, ``1`` is no truth value), with arrays, paths and enumerations
    written the way that TOML can write them.

    Parameters
    ----------
    data
        The table.
    model_type
        A pydantic model, normally a `Table`.
    where
        What the message calls the table's home: the file's name.
    folder
        Where a relative `NearbyPath` starts; None leaves it relative.

    Raises
    ------
    ConfigError
        For any wrong key or value, in one line.
    """
    try:
        return model_type.model_validate_json(json.dumps(data, default=str), strict=True, context={"folder": folder})
    except ValidationError as error:
        raise ConfigError(f"{where}: {_join(error.errors(), data, model_type)}") from error


def _join(mistakes: list[ErrorDetails], data: Mapping[str, Any], model_type: type[BaseModel]) -> str:
    """Write all mistakes in one line; what each type of a union says about a value becomes one mistake."""
    by_key: dict[tuple[str, str], list[str]] = {}
    for mistake in mistakes:
        key, text, value = _describe(mistake, data, model_type)
        by_key.setdefault((key, value), []).append(text)
    texts = [
        (f"{key}: " if key else "") + f"{' or '.join(dict.fromkeys(parts))}{value}"
        for (key, value), parts in by_key.items()
    ]
    rest = len(texts) - SHOWN_MISTAKES
    return "; ".join(texts[:SHOWN_MISTAKES]) + (f"; and {rest} more" if rest > 0 else "")


def _describe(mistake: ErrorDetails, data: Mapping[str, Any], model_type: type[BaseModel]) -> tuple[str, str, str]:
    """Return the key that a mistake is at (none if it is the whole table), what is wrong, and the value there."""
    location = tuple(mistake["loc"])
    kind = mistake["type"]
    key = _key_path(location, data, with_last=kind in ("missing", "extra_forbidden"))
    if kind == "missing":
        return key, f"missing; it is required{_hint(location, model_type)}", ""
    if kind == "extra_forbidden":
        return key, f"unknown key; {_suggestion(str(location[-1]), _known_keys(location[:-1], model_type))}", ""
    if kind == "union_tag_invalid":
        context = mistake.get("ctx", {})
        key = f"{key}.{str(context['discriminator']).strip(chr(39))}"
        return key, f"{context['tag']!r} is unknown; it must be one of {context['expected_tags']}", ""
    if kind == "union_tag_not_found":
        return key, f"the key {mistake['ctx']['discriminator']} is missing", ""
    return key, _plain(mistake["msg"]), _shown(mistake["input"])


def _hint(location: tuple[int | str, ...], model_type: type[BaseModel]) -> str:
    """Say what a missing key is for, where its field says so."""
    for model in _models_at(location[:-1], model_type):
        field = model.model_fields.get(str(location[-1]))
        if field is not None and field.description:
            return f" ({field.description})"
    return ""


def _key_path(location: tuple[int | str, ...], data: Any, *, with_last: bool) -> str:
    """Write a location as ``source.channels[2]``, without the names of union members that pydantic puts in.

    `with_last` says that the last step is a key, though the data may not have it.
    """
    text = ""
    for position, step in enumerate(location):
        if isinstance(step, int):
            text += f"[{step}]"
            data = data[step] if isinstance(data, list) and step < len(data) else None
            continue
        known = isinstance(data, Mapping) and step in data
        if not known and not (with_last and position == len(location) - 1):
            continue
        text += f".{step}" if text else step
        data = data[step] if known else None
    return text


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Input ").replace("an object", "a table")


def _shown(value: Any) -> str:
    if isinstance(value, (Mapping, list)):
        return ""
    return f" (it is {json.dumps(value)})"


def _suggestion(wrong: str, known: list[str]) -> str:
    close = difflib.get_close_matches(wrong, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known keys: {', '.join(known)}" if known else "no keys are expected here"


def _known_keys(location: tuple[int | str, ...], model_type: type[BaseModel]) -> list[str]:
    keys: dict[str, None] = {}
    for model in _models_at(location, model_type):
        keys.update((field.alias or name, None) for name, field in model.model_fields.items())
    return list(keys)


def _models_at(location: tuple[int | str, ...], model_type: type[BaseModel]) -> list[type[BaseModel]]:
    """Find the models that a location may lie in, following fields, items, union tags and keys of dicts."""
    models = [model_type]
    for step in location:
        if isinstance(step, int):
            continue
        tagged = [model for model in models if _has_tag(model, step)]
        models = tagged or [nested for model in models for nested in _field_models(model, step)] or models
    return models


def _has_tag(model: type[BaseModel], tag: str) -> bool:
    return any(
        get_origin(field.annotation) is Literal and get_args(field.annotation) == (tag,)
        for field in model.model_fields.values()
    )


def _field_models(model: type[BaseModel], key: str) -> list[type[BaseModel]]:
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            return list(_models_in(field.annotation))
    return []


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    origin = get_origin(annotation)
    inner = get_args(annotation)
    if origin is Annotated:
        inner = inner[:1]
    if origin in (Annotated, Union, types.UnionType, list, tuple, dict) or inner:
        for part in inner:
            yield from _models_in(part)
