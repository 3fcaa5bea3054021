"""Networks made ready for a board: read, compiled, with their view and their learning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np

from edge_runtime.accelerator import Accelerator, CheckedAccelerator, FailoverAccelerator, open_accelerator
from edge_runtime.accelerator.failover import run_deadline_s
from edge_runtime.boards import Board, load_board
from edge_runtime.bundles import Bundle, HeldOut, first_head_of, held_out_of, view_of
from edge_runtime.compiler import compile_model
from edge_runtime.compiler.program import Program
from edge_runtime.daemon.config import ModelTable
from edge_runtime.daemon.labels import LabelFeed
from edge_runtime.daemon.learning import Learning
from edge_runtime.daemon.network import Network
from edge_runtime.daemon.supervisor import Stage
from edge_runtime.errors import BundleError
from edge_runtime.features.view import FeatureView
from edge_runtime.files import read_model
from edge_runtime.learning.contest import PUSHED
from edge_runtime.learning.frozen import FrozenHead
from edge_runtime.learning.learner import Learner
from edge_runtime.learning.plan import LearningPlan
from edge_runtime.learning.statistics import TrainingStatistics

__all__ = ["Deployment", "OpenAccelerator", "build_learning", "deploy", "deploy_bundle"]

SHORTEST_RETRY_S = 5.0
CARRIED = ("head.npz", "memory.npz", "statistics.npz")

OpenAccelerator = Callable[..., Accelerator]
"""Opens an accelerator as `open_accelerator` does: given its kind, the board, and ``deadline_s``."""


@dataclass(frozen=True)
class Deployment:
    """A network with its view, compiled for a board.

    Parameters
    ----------
    board
        Where it runs.
    program
        The compiled network.
    network
        The same as the pipeline sees it.
    view
        What its input is made of.
    open_accelerator
        Opens what runs it.
    statistics
        What the training set's embeddings looked like, where a bundle says it.
    held_out
        Embeddings that no head has learnt, to judge heads on, where a bundle has them.
    """

    board: Board
    program: Program
    network: Network
    view: FeatureView
    open_accelerator: Callable[[], Accelerator]
    statistics: TrainingStatistics | None = None
    held_out: HeldOut | None = None


def deploy(
    model: ModelTable,
    view: FeatureView,
    *,
    board: str | None = None,
    opens: OpenAccelerator = open_accelerator,
    stage: Stage | None = None,
) -> Deployment:
    """Read and compile a network.

    Parameters
    ----------
    model
        What is to run, and on what.
    view
        What its input is made of.
    board
        Another board than `model` names.
    opens
        Opens the accelerator; pipelines that share an overlay have their own.
    stage
        What is done when the accelerator fails, and what is told of it.

    Raises
    ------
    ConfigError
        If there is no such board.
    ModelError
        If the network cannot be read, has something that is not supported, or does not fit the view.
    FitError
        If it does not fit the board's overlay.
    """
    return _deploy(read_model(model.path), model.path.name, model, view, load_board(board or model.board), opens, stage)


def deploy_bundle(
    bundle: Bundle,
    model: ModelTable,
    *,
    board: str | None = None,
    opens: OpenAccelerator = open_accelerator,
    stage: Stage | None = None,
) -> Deployment:
    """Compile a bundle's network to run where, and as, the pipeline file's own network does.

    Parameters
    ----------
    bundle
        A bundle that was checked.
    model
        The pipeline file's network: its accelerator, board and check hold for the bundle's too.
    board
        Another board than `model` names.
    opens
        Opens the accelerator; pipelines that share an overlay have their own.
    stage
        What is done when the accelerator fails, and what is told of it.

    Raises
    ------
    BundleError
        If the bundle's view cannot be read.
    InputError
        As `deploy`; or if the statistics are of another network.
    """
    about = bundle.manifest
    own = model.model_copy(update={"classes": about.classes, "reserved_classes": about.reserved_classes})
    content = bundle.members["network.tflite"]
    deployment = _deploy(content, about.name, own, view_of(bundle), load_board(board or model.board), opens, stage)
    return deployment if bundle.members.keys().isdisjoint(CARRIED) else _with_carried(deployment, bundle)


def _with_carried(deployment: Deployment, bundle: Bundle) -> Deployment:
    """Return a deployment with the head, memory and statistics that its bundle carries."""
    site = deployment.network.head_site()
    head = first_head_of(bundle, classes=site.classes, features=site.features)
    known = site.classes - deployment.network.reserved
    held_out = held_out_of(bundle, classes=known, features=site.features)
    statistics = None
    if "statistics.npz" in bundle.members:
        statistics = TrainingStatistics.read(BytesIO(bundle.members["statistics.npz"]))
        if (statistics.classes, statistics.features) != (site.classes, site.features):
            raise BundleError(
                f"the bundle's statistics.npz is of {statistics.classes} classes and {statistics.features} features; "
                f"the network has {site.classes} and {site.features}"
            )
    network = deployment.network
    if head is not None:
        typical = np.zeros((0, site.features), np.int8) if held_out is None else held_out[0]
        network = network.starting_with(head, typical)
    return replace(deployment, network=network, statistics=statistics, held_out=held_out)


def _deploy(
    content: bytes,
    name: str,
    model: ModelTable,
    view: FeatureView,
    chosen: Board,
    opens: OpenAccelerator,
    stage: Stage | None,
) -> Deployment:
    program = compile_model(content, chosen.overlay, name=name)
    network = Network(program.graph, size=view.size, classes=model.classes, reserved=model.reserved_classes)

    def open_it() -> Accelerator:
        deadline_s = run_deadline_s(chosen, program.cycles)

        def open_plain() -> Accelerator:
            return opens(model.accelerator, chosen, deadline_s=deadline_s)

        falls_back = model.accelerator == "overlay" and (stage is None or stage.policy.then == "degrade")
        accelerator = _with_standby(open_plain, stage) if falls_back else open_plain()
        return CheckedAccelerator(accelerator) if model.check else accelerator

    return Deployment(chosen, program, network, view, open_it)


def _with_standby(open_plain: Callable[[], Accelerator], stage: Stage | None) -> FailoverAccelerator:
    """Open an overlay that falls back to the reference and returns by itself, with the waits of its stage's policy."""
    if stage is None:
        return FailoverAccelerator(open_plain)
    # An overlay that hangs costs a window its deadline with each try, so that even the first one is not made at once.
    retry_s = max(SHORTEST_RETRY_S, stage.policy.first_wait_s)
    return FailoverAccelerator(
        open_plain, retry_s=retry_s, longest_retry_s=stage.policy.longest_wait_s, on_switch=stage.switched
    )


def build_learning(
    network: Network,
    feed: LabelFeed,
    *,
    plan: LearningPlan | None = None,
    statistics: TrainingStatistics | None = None,
    state: Path | None = None,
    held_out: HeldOut | None = None,
    takes_heads: bool = False,
) -> Learning:
    """Let a network's last layer learn.

    Parameters
    ----------
    network
        The network.
    feed
        Brings the labels.
    plan
        Which heads learn, and the learner's numbers; None: the default ones.
    statistics
        What embeddings looked like in training; None: that is not known.
    state
        The folder in which what was learnt survives a restart; None: it does not.
    held_out
        Embeddings that no head has learnt, for the gate to judge heads on from the first label on.
    takes_heads
        Whether heads that were trained elsewhere may take part.

    Raises
    ------
    ModelError
        If the network has no head to learn.
    StateError
        If the folder's state is of another network, or damaged.
    """
    head = network.linear_head()
    plan = (plan or LearningPlan()).reserving(network.reserved)

    def make_learner() -> Learner:
        learner = plan.make(
            head.weights,
            head.bias,
            scale=head.scale,
            zero_point=head.zero_point,
            statistics=statistics,
            beside={PUSHED: FrozenHead(head.weights, head.bias)} if takes_heads else None,
        )
        for embedding, label in zip(*held_out, strict=True) if held_out is not None else ():
            learner.contest.held_out.add(embedding, int(label))
        return learner

    return Learning(make_learner, feed, head, state=state)
