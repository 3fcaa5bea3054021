"""A new head on the RTL: written, read back, tried on kept embeddings, and switched to between two inferences."""

from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.accelerator import FailoverAccelerator
from edge_runtime.accelerator.bus import VerilatorBus
from edge_runtime.accelerator.overlay import OverlayAccelerator
from edge_runtime.boards import load_board
from edge_runtime.compiler import compile_model
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.errors import BusError, MismatchError
from edge_runtime.model import Interpreter, QuantizedHead, apply_head
from support.networks import dense_network

FEATURES, CLASSES = 64, 12
SWAP_CYCLES = 2724
"""A head written, read back and switched to, on the PYNQ-Z2's overlay: 272 words each way and the bank's register."""


def random_head(seed: int) -> QuantizedHead:
    random = np.random.default_rng(seed)
    weights = random.integers(-127, 128, (CLASSES, FEATURES)).astype(np.int8)
    bias = random.integers(-4000, 4000, CLASSES).astype(np.int32)
    return QuantizedHead(weights, bias, 0.01 * (1 + seed), 2.0 + seed, int(random.integers(-20, 20)))


def probes(seed: int, count: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(-128, 128, (count, FEATURES)).astype(np.int8)


@pytest.fixture(scope="module")
def bus():
    with VerilatorBus(load_board("laptop_sim").overlay) as opened:
        yield opened


@pytest.fixture
def overlay(bus):
    accelerator = OverlayAccelerator(bus)
    program = compile_model(dense_network([20, FEATURES, CLASSES], seed=3), accelerator.parameters, name="network")
    accelerator.load(program)
    return accelerator, program


def test_what_a_swap_costs_on_the_bus(overlay, bus):
    accelerator, _ = overlay
    for seed in range(4):
        before = bus.cycles
        accelerator.load_head(random_head(seed))
        assert bus.cycles - before == SWAP_CYCLES <= 3000


def test_outputs_are_the_references_with_the_same_head_whichever_bank_serves(overlay):
    accelerator, program = overlay
    for seed in range(5):
        head = random_head(seed)
        accelerator.load_head(head, probes=probes(seed))
        reference = Interpreter(apply_head(program.graph, head), program.rounding)
        for values in np.random.default_rng(seed).integers(-128, 128, (4, 1, 20)).astype(np.int8):
            inference = accelerator.infer([values])
            assert np.array_equal(inference.outputs[0], reference.run([values])[0])
            assert inference.cycles == program.cycles


def serves(accelerator, program, head):
    """Whether it answers as the reference does with this head."""
    reference = Interpreter(apply_head(program.graph, head), program.rounding)
    values = probes(3, 1)[:, :20].copy()
    return np.array_equal(accelerator.infer([values]).outputs[0], reference.run([values])[0])


def test_a_head_that_computes_otherwise_than_the_reference_does_not_serve(overlay, monkeypatch):
    accelerator, program = overlay
    accelerator.load_head(random_head(1), probes=probes(1))
    read = accelerator._memories.read_activations
    with monkeypatch.context() as patched:
        patched.setattr(accelerator._memories, "read_activations", lambda place: read(place) ^ np.int8(1))
        with pytest.raises(MismatchError, match="kept embedding 0, the reference"):
            accelerator.load_head(random_head(2), probes=probes(2))
    assert serves(accelerator, program, random_head(1))
    accelerator.load_head(random_head(2), probes=probes(2))
    assert serves(accelerator, program, random_head(2))


@pytest.mark.parametrize("window", ["WEIGHTS", "PARAMETERS", "PROGRAM"])
def test_a_head_that_is_not_read_back_as_written_does_not_serve(overlay, bus, monkeypatch, window):
    accelerator, program = overlay
    accelerator.load_head(random_head(1))
    place = host_interface().windows[window]

    def write(offset: int, data: bytes) -> None:
        spoilt = place.offset <= offset < place.offset + place.size
        VerilatorBus.write(bus, offset, bytes([data[0] ^ 4]) + data[1:] if spoilt else data)

    with monkeypatch.context() as patched:
        patched.setattr(bus, "write", write)
        with pytest.raises(BusError, match=r"not read back as written; the old head stays in use"):
            accelerator.load_head(random_head(2))
    assert serves(accelerator, program, random_head(1))
    accelerator.load_head(random_head(2))
    assert serves(accelerator, program, random_head(2))


def test_a_head_that_fails_its_trial_twice_is_served_by_the_stand_in(bus, monkeypatch):
    lent = OverlayAccelerator(bus)
    monkeypatch.setattr(lent, "close", lambda: None)
    accelerator = FailoverAccelerator(lambda: lent)
    program = compile_model(dense_network([20, FEATURES, CLASSES], seed=3), lent.parameters, name="network")
    accelerator.load(program)
    monkeypatch.setattr(lent._head.__class__, "run", lambda *_: np.zeros(CLASSES, np.int8))
    accelerator.load_head(random_head(1), probes=probes(1))
    assert accelerator.serving == "standby"
    assert serves(accelerator, program, random_head(1))


def test_the_program_loaded_again_is_the_networks_own_head(overlay):
    accelerator, program = overlay
    accelerator.load_head(random_head(4))
    accelerator.load(program)
    values = probes(5, 1)[:, :20].copy()
    assert np.array_equal(accelerator.infer([values]).outputs[0], Interpreter(program.graph).run([values])[0])
