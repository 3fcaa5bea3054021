"""Reads single fields through the schema's generated classes, as TFLite reads them."""

from __future__ import annotations

from typing import Any

from flatbuffers.number_types import Int32Flags

from edge_runtime.errors import ModelError

__all__ = ["builtin_code", "integers", "names_of", "text_of"]

_BUILTIN_CODE_FIELD = 10


def builtin_code(code: Any) -> int:
    """Return what operator an operator code stands for: the larger of the old field and the new.

    The generated class has an accessor that knows another rule, and would see other operators than TFLite does.
    """
    offset = code._tab.Offset(_BUILTIN_CODE_FIELD)
    new = code._tab.Get(Int32Flags, offset + code._tab.Pos) if offset else 0
    return int(max(new, code.DeprecatedBuiltinCode()))


def integers(table: Any, field: str) -> tuple[int, ...]:
    """Return a vector of integers; a missing one is empty."""
    if getattr(table, f"{field}Length")() == 0:
        return ()
    return tuple(getattr(table, f"{field}AsNumpy")().tolist())


def names_of(enumeration: type) -> dict[int, str]:
    """Return the names of a generated enumeration, by code."""
    return {code: name for name, code in vars(enumeration).items() if not name.startswith("_")}


def text_of(text: bytes | None) -> str:
    """Return a string; a missing one is empty.

    Raises
    ------
    ModelError
        If it is not UTF-8.
    """
    try:
        return (text or b"").decode()
    except UnicodeDecodeError:
        raise ModelError(f"damaged: the name {text!r} is not UTF-8") from None
