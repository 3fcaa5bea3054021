"""A class that the network was not trained on, named on the device; and predictions whose labels are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.accelerator import ReferenceAccelerator
from edge_runtime.boards import load_board
from edge_runtime.compiler import compile_model
from edge_runtime.daemon import Label, LabelQueue
from edge_runtime.daemon.build import build_learning
from edge_runtime.daemon.network import Network
from edge_runtime.daemon.recorder import Recorder
from edge_runtime.daemon.step import Step
from edge_runtime.errors import FitError, ModelError
from edge_runtime.features import compute_recording
from edge_runtime.learning import Command
from support import daemon
from support.networks import dense_network


def opened(*, reserved: int = 1) -> tuple[Step, LabelQueue]:
    program = compile_model(
        dense_network([daemon.VIEW.size, 16, 3], seed=3), load_board("laptop_sim").overlay, name="n"
    )
    network = Network(program.graph, size=daemon.VIEW.size, classes=daemon.CLASSES, reserved=reserved)
    queue = LabelQueue()
    learning = build_learning(network, queue)
    return Step(network, ReferenceAccelerator(), program, recorder=Recorder("p"), learning=learning), queue


def predicted(step: Step, cases: int = 6) -> list[dict[str, object]]:
    windows = compute_recording(daemon.VIEW, daemon.recording(cases))
    return [record for window in windows for record in step.take(window, received=0.0)]


def test_an_added_class_has_a_name_and_is_learnt() -> None:
    step, queue = opened()
    first = predicted(step)[0]["prediction"]
    queue.put(Label(first, 2))
    (refused,) = step.learn()
    assert (refused["status"], refused["name"]) == ("not a class", None)
    assert step.steer(Command.ADD_CLASS, "dancing") == []
    assert step.classes == (*daemon.CLASSES, "dancing")
    queue.put(Label(first, 2))
    (learnt,) = step.learn()
    assert (learnt["status"], learnt["name"], learnt["learnt"]) == ("accepted", "dancing", True)
    with pytest.raises(FitError, match="the bundle reserved no more"):
        step.steer(Command.ADD_CLASS, "sleeping")


def test_reserved_rows_are_counted() -> None:
    with pytest.raises(ModelError, match=r"has 3 outputs, but .* names 2 classes"):
        opened(reserved=0)


def test_labels_are_asked_for_where_the_network_is_least_certain() -> None:
    step, _ = opened()
    wanted = [record["label_wanted"] for record in predicted(step, 80)]
    assert 0 < np.mean(wanted) < 0.5
    assert step.learning is not None
    assert step.learning.report()["asked"] == sum(wanted)
