"""Descriptor words from fields, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.parameters import OverlayParameters

__all__ = ["OFFSET_FIELDS", "descriptor_fields", "descriptor_words"]

#: Byte addresses and steps between them: modulo the activation memory.
_ADDRESSES = ("ROW_START", "ROW_STEP", "GROUP_STEP", "OUTPUT", "OUT_ROW_STEP", "OUT_POS_STEP")
#: Byte offsets in a line: signed, of two bits more than an address has.
OFFSET_FIELDS = ("X_START", "X_STEP", "TAP_STEP", "ROW_BYTES")
_SIGNED = ("PAD_VALUE", "Y_START", "ZERO_POINT", "CLAMP_MIN", "CLAMP_MAX", "OFFSET_A", "OFFSET_B")


def descriptor_words(fields: Mapping[str, int], parameters: OverlayParameters) -> list[int]:
    """Return a descriptor's words from its fields (those that are missing are 0).

    Raises
    ------
    ValueError
        If a value does not fit its field.
    """
    interface = host_interface()
    words = [0] * interface.descriptor_words
    for name, value in fields.items():
        bits = interface.descriptor[name]
        words[bits.word] |= bits.put(value % parameters.act_bytes if name in _ADDRESSES else value)
    return words


def descriptor_fields(words: Sequence[int], parameters: OverlayParameters) -> dict[str, int]:
    """Return all fields of a descriptor as the engine understands them: signed ones signed."""
    fields = {}
    for name, bits in host_interface().descriptor.items():
        value, width = bits.get(int(words[bits.word])), bits.width
        if name in OFFSET_FIELDS:
            width = parameters.act_bytes.bit_length() + 1
            value &= (1 << width) - 1
        if name in (*OFFSET_FIELDS, *_SIGNED):
            value -= (value >> width - 1) << width
        fields[name] = value
    return fields
