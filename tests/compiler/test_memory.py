from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.compiler import OverlayParameters, compile_model
from edge_runtime.errors import FitError
from edge_runtime.model import write_tflite
from support.networks import dense_network
from support.random_networks import random_network

PARAMETERS = OverlayParameters(table_pairs=64, weight_rows=4096)
#: Its array cannot hand over what it computes, so sums read both operands from memory.
UNCHAINED = replace(PARAMETERS, requant_lanes=4)


def program_of(seed, parameters=PARAMETERS):
    return compile_model(write_tflite(random_network(seed)), parameters, name="random")


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_buffers_that_live_together_lie_apart(seed):
    for part in program_of(seed).parts:
        for number, one in enumerate(part.buffers):
            for other in part.buffers[number + 1 :]:
                if one.first <= other.last and other.first <= one.last:
                    assert one.address + one.size <= other.address or other.address + other.size <= one.address
        assert all(buffer.address % 4 == 0 for buffer in part.buffers)


def test_memory_is_used_again():
    program = compile_model(
        dense_network([64] * 10), OverlayParameters(act_bytes=512, row_buffer_bytes=64), name="chain"
    )
    assert program.act_bytes == 128


def test_sums_work_in_place_where_memory_is_short():
    seeds = [seed for seed in range(60) if _has_sum(seed)]
    tight = 0
    for seed in seeds:
        roomy = program_of(seed, UNCHAINED)
        smallest = 1 << (roomy.act_bytes - 1).bit_length()
        try:
            cramped = program_of(seed, replace(UNCHAINED, act_bytes=max(256, smallest // 2), row_buffer_bytes=64))
        except FitError:
            continue
        tight += 1
        assert cramped.act_bytes <= max(256, smallest // 2) < roomy.act_bytes
    assert tight


def _has_sum(seed):
    return any(operator.kind.value in ("ADD", "SUB") for operator in random_network(seed).operators)


def test_what_does_not_fit_is_refused_with_numbers():
    with pytest.raises(FitError, match=r"needs 440 bytes of activation memory .* has 256; .* act_bytes = 512"):
        compile_model(dense_network([400, 40]), OverlayParameters(act_bytes=256, row_buffer_bytes=64), name="wide")
