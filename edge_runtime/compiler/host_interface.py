"""What the host sees of the overlay: `rtl/host_interface.toml`, read, and rendered for Verilog and for people.

The Verilog header and the documentation page are generated from the TOML file; Python reads the file itself.
``python -m edge_runtime.compiler.host_interface`` writes both again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from edge_runtime.paths import rtl_folder

__all__ = ["BitField", "HostInterface", "Register", "Window", "host_interface", "render_markdown", "render_verilog"]


@dataclass(frozen=True)
class BitField:
    """Some bits of a 32-bit word."""

    name: str
    word: int
    lsb: int
    width: int
    text: str = ""

    @property
    def mask(self) -> int:
        """The field's bits, at the bottom of a word."""
        return (1 << self.width) - 1

    def put(self, value: int) -> int:
        """Return `value` (signed or unsigned) at its place in the word.

        Raises
        ------
        ValueError
            If the value does not fit the field.
        """
        if not -(1 << self.width - 1) <= value <= self.mask:
            raise ValueError(f"{self.name} is {value}, which does not fit {self.width} bits")
        return (value & self.mask) << self.lsb

    def get(self, word: int) -> int:
        """Return the field's value in `word`, unsigned."""
        return word >> self.lsb & self.mask


@dataclass(frozen=True)
class Register:
    """One 32-bit register."""

    name: str
    offset: int
    access: str
    text: str
    fields: Mapping[str, BitField]


@dataclass(frozen=True)
class Window:
    """One range of byte addresses."""

    name: str
    offset: int
    size: int
    text: str


@dataclass(frozen=True)
class HostInterface:
    """The whole interface, by name; `registers` has those of jobs too, which lie in the window `jobs`."""

    magic: int
    version: int
    address_width: int
    registers: Mapping[str, Register]
    windows: Mapping[str, Window]
    jobs_magic: int
    jobs: Window
    descriptor_words: int
    descriptor: Mapping[str, BitField]
    opcodes: Mapping[str, int]
    functions: Mapping[str, int]

    @property
    def own_registers(self) -> Mapping[str, Register]:
        """The registers that every overlay has."""
        return {name: row for name, row in self.registers.items() if row.offset < self.jobs.offset}

    @property
    def job_registers(self) -> Mapping[str, Register]:
        """Those of the burst master."""
        return {name: row for name, row in self.registers.items() if row.offset >= self.jobs.offset}

    @property
    def descriptor_used_bits(self) -> int:
        """Bits of a descriptor that the engine fetches: whole rows of four words, up to the last field."""
        last = max(field.word for field in self.descriptor.values())
        return 128 * (last // 4 + 1)


_JOBS_TEXT = "Registers of the burst master, where there is one (`edge_overlay_axi`); nothing elsewhere."


@lru_cache(maxsize=1)
def host_interface() -> HostInterface:
    """Read `rtl/host_interface.toml`, once."""
    with (rtl_folder() / "host_interface.toml").open("rb") as file:
        table = tomllib.load(file)
    return HostInterface(
        magic=table["magic"],
        version=table["version"],
        address_width=table["address"]["width"],
        registers={row["name"]: _register(row) for row in [*table["register"], *table["job_register"]]},
        windows={row["name"]: Window(**row) for row in table["window"]},
        jobs_magic=table["jobs"]["magic"],
        jobs=Window("JOBS", table["jobs"]["offset"], table["jobs"]["size"], _JOBS_TEXT),
        descriptor_words=table["descriptor"]["words"],
        descriptor={name: _descriptor_field(name, row) for name, row in table["descriptor"]["fields"].items()},
        opcodes=table["opcodes"],
        functions=table["functions"],
    )


def _register(row: Mapping[str, Any]) -> Register:
    fields = {name: BitField(name, 0, lsb, width) for name, (lsb, width) in row.get("fields", {}).items()}
    return Register(row["name"], row["offset"], row["access"], row["text"], fields)


def _descriptor_field(name: str, row: Mapping[str, Any]) -> BitField:
    word, lsb, width = row["at"]
    return BitField(name, word, lsb, width, row["text"])


def render_verilog(interface: HostInterface) -> str:
    """Return the Verilog header: macros only, so that unused ones are silent.

    What is about jobs stands in `edge_job_registers.v` alone, whose bench reads the interface.
    """
    lines = [
        "// SPDX-License-Identifier: Apache-2.0",
        "//",
        "// Generated from host_interface.toml: do not edit.",
        "",
        "`ifndef EDGE_HOST_INTERFACE_VH",
        "`define EDGE_HOST_INTERFACE_VH",
        "",
        *_macros(interface),
        "",
        "`endif",
        "",
    ]
    return "\n".join(lines)


def _macros(interface: HostInterface) -> Iterator[str]:
    yield f"`define EDGE_MAGIC 32'h{interface.magic:08X}"
    yield f"`define EDGE_VERSION 32'd{interface.version}"
    yield f"`define EDGE_ADDRESS_WIDTH {interface.address_width}"
    for register in interface.own_registers.values():
        yield f"`define EDGE_REG_{register.name} 10'h{register.offset // 4:03X}"
        for field in register.fields.values():
            yield f"`define EDGE_BIT_{register.name}_{field.name} {field.lsb}"
    yield f"`define EDGE_WINDOWS {len(interface.windows)}"
    for index, window in enumerate(interface.windows.values()):
        yield f"`define EDGE_INDEX_{window.name} {index}"
        yield f"`define EDGE_WINDOW_{window.name} {interface.address_width}'h{window.offset:06X}"
        yield f"`define EDGE_SIZE_{window.name} {window.size}"
    yield f"`define EDGE_DESC_WIDTH {32 * interface.descriptor_words}"
    yield f"`define EDGE_DESC_USED_WIDTH {interface.descriptor_used_bits}"
    for field in interface.descriptor.values():
        low = 32 * field.word + field.lsb
        yield f"`define EDGE_AT_{field.name} {low}"
        yield f"`define EDGE_DESC_{field.name} {low} +: {field.width}"
    for name, value in interface.opcodes.items():
        yield f"`define EDGE_OP_{name} 8'd{value}"
    for name, value in interface.functions.items():
        yield f"`define EDGE_FUNCTION_{name} 3'd{value}"


def render_markdown(interface: HostInterface) -> str:
    """Return the documentation page."""
    lines = [
        "# Host interface of the overlay",
        "",
        "Generated from `rtl/host_interface.toml`; do not edit.",
        "",
        f"AXI4-Lite, 32-bit data, {interface.address_width} address bits, little endian. Magic "
        f"`0x{interface.magic:08X}`, version {interface.version}. An access where nothing is, or of part of a word",
        "where only whole words are taken, is answered with SLVERR.",
        "",
        *_window_table(interface),
        *_register_table(interface),
        *_descriptor_table(interface),
    ]
    return "\n".join(lines)


def _window_table(interface: HostInterface) -> Iterator[str]:
    yield from ("## Windows", "", "| offset | bytes | name | what |", "| --- | --- | --- | --- |")
    for window in [*interface.windows.values(), interface.jobs]:
        yield f"| `0x{window.offset:06X}` | {window.size:,} | {window.name} | {window.text} |"
    yield ""


def _register_table(interface: HostInterface) -> Iterator[str]:
    yield from ("## Registers", "", "| offset | name | access | fields | what |", "| --- | --- | --- | --- | --- |")
    for row in interface.registers.values():
        yield f"| `0x{row.offset:03X}` | {row.name} | {row.access} | {_bits(row.fields.values())} | {row.text} |"
    yield ""


def _descriptor_table(interface: HostInterface) -> Iterator[str]:
    opcodes, functions = (
        ", ".join(f"{value} {name}" for name, value in names.items())
        for names in (interface.opcodes, interface.functions)
    )
    yield from ("## Layer descriptor", "")
    yield f"{interface.descriptor_words} words. Opcodes: {opcodes}. Functions: {functions}."
    yield from ("", "| word | bits | name | what |", "| --- | --- | --- | --- |")
    for field in interface.descriptor.values():
        yield f"| {field.word} | {_span(field)} | {field.name} | {field.text} |"
    yield ""


def _bits(fields: Any) -> str:
    return ", ".join(f"{field.name} {_span(field)}" for field in fields)


def _span(field: BitField) -> str:
    return f"[{field.lsb}]" if field.width == 1 else f"[{field.lsb + field.width - 1}:{field.lsb}]"


def generated_files() -> dict[Path, str]:
    """Return what is generated from the interface: path to content."""
    interface = host_interface()
    return {
        rtl_folder() / "edge_host_interface.vh": render_verilog(interface),
        rtl_folder().parent / "docs" / "host_interface.md": render_markdown(interface),
    }


if __name__ == "__main__":
    for path, content in generated_files().items():
        path.write_text(content)
