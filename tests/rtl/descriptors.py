"""Layer descriptors for the benches, as the wide signal that the engine's modules take."""

from __future__ import annotations

from edge_runtime.compiler.host_interface import host_interface

__all__ = ["descriptor_bits", "descriptor_words"]


def descriptor_words(**fields: int) -> list[int]:
    """Return a descriptor's words; fields that are not given are 0, numbers may be negative."""
    interface = host_interface()
    words = [0] * interface.descriptor_words
    for name, value in fields.items():
        bits = interface.descriptor[name]
        words[bits.word] |= (int(value) & bits.mask) << bits.lsb
    return words


def descriptor_bits(**fields: int) -> int:
    """Return the bits of a descriptor that the engine fetches."""
    bits = sum(word << 32 * place for place, word in enumerate(descriptor_words(**fields)))
    return bits & ((1 << host_interface().descriptor_used_bits) - 1)
