"""Whole networks of kinds that people use: what the overlay has no unit for runs between its parts."""

from __future__ import annotations

import pytest

from edge_runtime.accelerator.bus import VerilatorBus
from edge_runtime.accelerator.verify import verify_model
from edge_runtime.compiler import OverlayParameters, compile_model
from edge_runtime.model import Activation, OpKind
from support.picture_network import PictureNetwork
from support.temporal_network import temporal_network

BOARD = OverlayParameters(axi_master=True)  # pynq_z2's


def u_net(enlarge: str, seed: int) -> bytes:
    """Two levels, each joined with what was there before it was made smaller."""
    network = PictureNetwork((16, 12, 3), seed)
    first = network.convolution(8)
    network.pool()
    second = network.convolution(16)
    network.pool()
    network.convolution(16)
    for skipped, channels in ((second, 16), (first, 8)):
        getattr(network, enlarge)(channels)
        network.join(skipped)
        network.convolution(channels)
    network.convolution(2, kernel=1, activation=Activation.NONE)
    return network.model()


def autoencoder(seed: int) -> bytes:
    network = PictureNetwork((8, 8, 2), seed)
    network.convolution(8, stride=2)
    network.convolution(8, stride=2)
    network.transposed(8)
    network.prelu()
    network.transposed(4)
    network.prelu()
    network.convolution(2)
    return network.model()


def segmentation(seed: int) -> bytes:
    """What lies around, near and far, joined; a class for each pixel of the input."""
    network = PictureNetwork((16, 16, 3), seed)
    whole = network.now
    network.convolution(8, stride=2)
    features = network.convolution(8, stride=2)
    near = network.convolution(8)
    network.now = features
    network.average()
    network.convolution(8, kernel=1)
    network.same_size(near)
    network.join(near)
    network.convolution(5, kernel=1, activation=Activation.NONE)
    network.same_size(whole)
    network.classes()
    return network.model()


def detector(seed: int) -> bytes:
    """A feature pyramid of two levels, with leaky units."""
    network = PictureNetwork((16, 16, 3), seed)
    network.convolution(8, stride=2, activation=Activation.NONE)
    fine = network.leaky()
    network.convolution(16, stride=2, activation=Activation.NONE)
    network.leaky()
    network.nearest(16)
    network.join(fine)
    network.convolution(8, kernel=1, activation=Activation.NONE)
    network.leaky()
    network.convolution(6, kernel=1, activation=Activation.NONE)
    return network.model()


def embedding(seed: int) -> bytes:
    network = PictureNetwork((9, 9, 3), seed)
    network.convolution(16, stride=2, activation=Activation.NONE)
    network.prelu()
    network.convolution(16, stride=2, activation=Activation.NONE)
    network.average()
    network.convolution(24, kernel=1, activation=Activation.NONE)
    network.directions()
    return network.model()


def check(model: bytes, convolutions: int) -> None:
    program = compile_model(model, BOARD, name="made")
    placed = [
        decision.on_overlay
        for decision, operator in zip(program.decisions, program.graph.operators, strict=True)
        if operator.kind in (OpKind.CONV_2D, OpKind.TRANSPOSE_CONV)
    ]
    assert placed == [True] * convolutions
    result = verify_model(model, VerilatorBus(BOARD), name="made", samples=8, seed=1)
    assert result.holds
    assert result.elements > 0
    assert 0 < result.cycles == result.predicted_cycles


@pytest.mark.parametrize("enlarge", ["transposed", "bilinear", "nearest", "shuffled"])
def test_a_u_net_is_exact_with_every_convolution_on_the_overlay(enlarge):
    check(u_net(enlarge, seed=1), convolutions=8 if enlarge in ("shuffled", "transposed") else 6)


@pytest.mark.parametrize("enlarge", ["transposed", "nearest", "bilinear"])
def test_decoders_run_on_the_overlay_alone(enlarge):
    program = compile_model(u_net(enlarge, seed=1), BOARD, name="made")
    assert all(decision.on_overlay for decision in program.decisions)
    assert len(program.parts) == 1


@pytest.mark.parametrize(("make", "convolutions"), [(segmentation, 5), (detector, 4), (embedding, 3)])
def test_other_networks_are_exact_with_every_convolution_on_the_overlay(make, convolutions):
    check(make(seed=3), convolutions)


def test_convolutions_over_time_are_exact_on_the_overlay_alone():
    model = temporal_network(seed=4)
    check(model, convolutions=2)
    program = compile_model(model, BOARD, name="made")
    assert {operator.kind for operator in program.graph.operators} == {OpKind.PAD, OpKind.RESHAPE, OpKind.CONV_2D}


def test_an_autoencoder_is_exact_with_every_convolution_on_the_overlay():
    check(autoencoder(seed=2), convolutions=5)
