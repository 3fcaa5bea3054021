from __future__ import annotations

import pytest

from edge_runtime.compiler import OverlayParameters, Program, compile_model
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.errors import FitError, StateError
from support.networks import Builder, dense_network

PARAMETERS = OverlayParameters()


def test_a_program_reads_back_as_it_was_written():
    program = compile_model(Builder((1, 30)).dense(20).dense(5).softmax().model(), PARAMETERS, name="small")
    again = Program.from_bytes(program.to_bytes())
    assert again.to_bytes() == program.to_bytes()
    assert (again.parts, again.head, again.parameters) == (program.parts, program.head, program.parameters)
    assert (again.weight_rows == program.weight_rows).all()


@pytest.mark.parametrize("place", [0, 9, 100, -1])
def test_a_damaged_program_is_refused(place):
    content = bytearray(compile_model(dense_network([8, 4]), PARAMETERS, name="small").to_bytes())
    content[place] ^= 0x40
    with pytest.raises(StateError):
        Program.from_bytes(bytes(content))


@pytest.mark.parametrize("content", [b"", b"EDGEPROG", b"x" * 100])
def test_what_is_no_program_is_refused(content):
    with pytest.raises(StateError, match="EDGEPROG"):
        Program.from_bytes(content)


def test_compiling_is_deterministic():
    model = dense_network([40, 30, 20])
    one, other = (compile_model(model, PARAMETERS, name="small").to_bytes() for _ in range(2))
    assert one == other


def test_the_head_has_two_banks_of_the_same():
    program = compile_model(dense_network([40, 30, 20]), PARAMETERS, name="small")
    head = program.head
    assert head is not None
    one, other = program.descriptors[head.descriptor : head.descriptor + 2]
    bits = host_interface().descriptor
    assert {bits["BANKED"].get(int(words[0])) for words in (one, other)} == {1}
    rows = [program.weight_rows[first : first + head.row_capacity] for first in head.weight_rows]
    assert (rows[0] == rows[1]).all()
    assert head.weight_rows[0] != head.weight_rows[1]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("weight_rows", 2, r"needs 21 weight rows and the overlay has 2; .* weight_rows = 32"),
        ("param_channels", 16, r"needs 80 param channels and the overlay has 16; .* param_channels = 128"),
        ("descriptors", 4, r"needs 5 descriptors and the overlay has 4; .* descriptors = 8"),
        ("act_bytes", 256, r"needs 440 bytes of activation memory and the overlay has 256; .* act_bytes = 512"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would_fit(name, value, message):
    model = dense_network([400, 10, 10, 10, 10]) if name != "act_bytes" else dense_network([400, 40])
    with pytest.raises(FitError, match=message):
        compile_model(model, OverlayParameters(**{"row_buffer_bytes": 64, name: value}), name="small")


def test_a_descriptor_field_refuses_what_it_cannot_hold():
    with pytest.raises(ValueError, match="TILES is 65536"):
        host_interface().descriptor["TILES"].put(65536)
