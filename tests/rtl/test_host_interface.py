"""The register map: one source, generated files that agree with it, and nothing that overlaps."""

from __future__ import annotations

from itertools import combinations

import pytest

from edge_runtime.compiler.host_interface import generated_files, host_interface

INTERFACE = host_interface()
JOBS = INTERFACE.job_registers
WORD_BITS = 32
ACCESSES = {"ro", "rw", "wo", "w1c"}


def bits(fields):
    """Return the (word, bit) pairs of some fields, each as often as it is used."""
    return [(field.word, field.lsb + bit) for field in fields for bit in range(field.width)]


@pytest.mark.parametrize(("path", "content"), generated_files().items(), ids=lambda value: getattr(value, "name", ""))
def test_generated_files_are_up_to_date(path, content):
    again = "python -m edge_runtime.compiler.host_interface"
    assert path.read_text() == content, f"{path.name} is not what host_interface.toml says; write it again: {again}"


def test_windows_do_not_overlap():
    for one, other in combinations([*INTERFACE.windows.values(), INTERFACE.jobs], 2):
        apart = one.offset + one.size <= other.offset or other.offset + other.size <= one.offset
        assert apart, f"{one.name} and {other.name} overlap"


@pytest.mark.parametrize("window", INTERFACE.windows.values(), ids=lambda window: window.name)
def test_windows_are_powers_of_two_at_multiples_of_their_size(window):
    """The decoder compares upper address bits and nothing else."""
    assert window.size & (window.size - 1) == 0
    assert window.offset % window.size == 0
    assert window.offset + window.size <= 1 << INTERFACE.address_width


def test_registers_are_words_of_their_own_inside_their_window():
    offsets = [register.offset for register in INTERFACE.registers.values()]
    assert len(set(offsets)) == len(offsets)
    assert all(offset % 4 == 0 for offset in offsets)
    for window, registers in ((INTERFACE.windows["REGISTERS"], INTERFACE.own_registers), (INTERFACE.jobs, JOBS)):
        assert all(window.offset <= row.offset < window.offset + window.size for row in registers.values())
    assert all(name.startswith("JOB") for name in JOBS)


@pytest.mark.parametrize("register", INTERFACE.registers.values(), ids=lambda register: register.name)
def test_fields_of_a_register_do_not_overlap(register):
    used = bits(register.fields.values())
    assert len(set(used)) == len(used)
    assert all(0 <= bit < WORD_BITS for _, bit in used)
    assert register.access in ACCESSES
    assert register.text


def test_descriptor_fields_do_not_overlap():
    used = bits(INTERFACE.descriptor.values())
    assert len(set(used)) == len(used)
    assert all(0 <= word < INTERFACE.descriptor_words and 0 <= bit < WORD_BITS for word, bit in used)


def test_a_descriptor_is_a_power_of_two_of_words():
    """Its address is its index, shifted."""
    assert INTERFACE.descriptor_words & (INTERFACE.descriptor_words - 1) == 0


def test_opcodes_are_different_and_fit_their_field():
    codes = list(INTERFACE.opcodes.values())
    assert len(set(codes)) == len(codes)
    assert all(0 <= code <= INTERFACE.descriptor["OPCODE"].mask for code in codes)
    # memory that was never written must not pass for a program
    assert 0 not in codes
