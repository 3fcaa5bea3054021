from __future__ import annotations

import pytest

from edge_runtime.accelerator.bus import Bus, VerilatorBus
from edge_runtime.accelerator.verify import verify_model
from edge_runtime.compiler import OverlayParameters
from edge_runtime.compiler.host_interface import host_interface
from support.networks import Builder, dense_network

BOARD = OverlayParameters(axi_master=True)  # pynq_z2's
LAYERS = [f"layers/toycar_layer{number}" for number in range(10)]


class FlippedBit(Bus):
    """An overlay that stores one bit of its weight memory the wrong way round."""

    def __init__(self, inner: Bus, row: int, byte: int, bit: int) -> None:
        self._inner = inner
        self._at = host_interface().windows["WEIGHTS"].offset + row * BOARD.weight_row_pitch + byte
        self._bit = bit

    def read(self, offset, length):
        return self._inner.read(offset, length)

    def write(self, offset, data):
        changed = bytearray(data)
        if offset <= self._at < offset + len(data):
            changed[self._at - offset] ^= 1 << self._bit
        self._inner.write(offset, bytes(changed))

    def wait_interrupt(self, deadline_s):
        return self._inner.wait_interrupt(deadline_s)

    def close(self):
        self._inner.close()


@pytest.mark.parametrize("name", ["mlperf_ad_autoencoder", "hello_world", *LAYERS])
def test_networks_that_others_made_are_exact(shared_models, name):
    model = (shared_models / f"{name}.tflite").read_bytes()
    result = verify_model(model, VerilatorBus(BOARD), name=name, samples=25, seed=0)
    assert result.mismatches == 0
    assert result.elements > 0
    assert result.cycles == result.predicted_cycles > 0
    assert result.overlay_mac_share == 1.0
    if name == "mlperf_ad_autoencoder":
        assert result.cycles <= 1_150


def test_a_network_with_parts_on_the_cpu_is_exact():
    model = Builder((2, 20), seed=1).dense(12).dense(4).softmax().model()
    result = verify_model(model, VerilatorBus(BOARD), name="made", samples=20, seed=1)
    assert result.holds
    assert result.golden.endswith("BUILTIN_REF")


def test_a_seeded_fault_is_traced_to_its_operator_tile_and_element():
    model = dense_network([24, 40, 24, 4], seed=3)
    # operator 0 has rows 0 to 2, operator 1 rows 3 to 6: lane 5 of channel 2 in its second tile (16 + 2 = 18)
    bus = FlippedBit(VerilatorBus(BOARD), row=5, byte=5 * 16 + 2, bit=6)
    result = verify_model(model, bus, name="made", samples=20, seed=3)
    assert not result.holds
    assert result.mismatches > 0
    assert result.first is not None
    assert (result.first.operator, result.first.op) == (1, "FULLY_CONNECTED")
    assert (result.first.tile, result.first.element) == (1, 18)
    assert result.first.got != result.first.expected
