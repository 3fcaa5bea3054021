"""The example network against committed outputs of tflite-runtime 2.14, on any Python."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from edge_runtime.accelerator import OverlayAccelerator, ReferenceAccelerator
from edge_runtime.accelerator.bus import VerilatorBus
from edge_runtime.boards import load_board
from edge_runtime.compiler import compile_model
from edge_runtime.paths import examples_folder

PARAMETERS = load_board("laptop_sim").overlay
KINDS = {"reference": ReferenceAccelerator, "overlay": lambda: OverlayAccelerator(VerilatorBus(PARAMETERS))}


@pytest.fixture(scope="module")
def golden(pytestconfig):
    with np.load(pytestconfig.rootpath / "tests" / "golden" / "activity.npz") as archive:
        return dict(archive)


@pytest.fixture(scope="module")
def model():
    return (examples_folder() / "activity" / "activity.tflite").read_bytes()


def test_the_vectors_belong_to_the_network(golden, model):
    assert str(golden["model_sha256"]) == hashlib.sha256(model).hexdigest(), "run tools/make_golden.py"
    assert str(golden["golden"]).startswith("tflite-runtime 2.14")


@pytest.mark.parametrize("kind", KINDS)
def test_the_bits_are_tflites(golden, model, kind):
    program = compile_model(model, PARAMETERS, name="activity")
    with KINDS[kind]() as accelerator:
        accelerator.load(program)
        for values, expected in zip(golden["inputs"], golden["outputs"], strict=True):
            assert np.array_equal(accelerator.infer([values]).outputs[0], expected)
