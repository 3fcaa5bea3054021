"""Plays every cell with every seed on all cores; each finished run is a line in a file, to go on from later."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.learning import DecisionKind
from learning_study.device import Device
from learning_study.drifts import DRIFTS
from learning_study.peers import FOREST, PEERS, Floats, Ints, Peer
from learning_study.streams import STREAMS, load_stream
from learning_study.world import CLEAN, DRIFTED, EVERY, STEPS, World, build_world

__all__ = ["DELAYS", "NOISES", "PARTS", "Plan", "play", "read_runs"]

DELAYS = (0, 50, 200)
NOISES = (0.0, 0.2)
FOREST_TEST = 60
"""Test samples for the forest, which predicts one by one; all others are tested on all 500."""

Accuracies = npt.NDArray[np.float64]
Numbers = dict[int, dict[str, Any]]  # by delay


@dataclass(frozen=True)
class Plan:
    """What is to be played.

    Parameters
    ----------
    seeds
        How many of each cell.
    forest_seeds
        On how many of them the forest runs, too: it takes longer than everything else together.
    parts
        Which of `PARTS`.
    streams, drifts
        Which.
    """

    seeds: int = 10
    forest_seeds: int = 2
    parts: tuple[str, ...] = ("served", "peers", FOREST)
    streams: tuple[str, ...] = tuple(STREAMS)
    drifts: tuple[str, ...] = DRIFTS

    def tasks(self) -> Iterator[tuple[str, str, str, int]]:
        """Yield part, stream, drift and seed; seeds outermost, so that an early stop leaves all cells with as many."""
        for seed in range(self.seeds):
            for part in self.parts:
                if part != FOREST or seed < self.forest_seeds:
                    for stream in self.streams:
                        for drift in self.drifts:
                            yield part, stream, drift, seed


def play(plan: Plan, folder: Path, *, workers: int) -> None:
    """Play what is not yet in the folder's files, one for each part, and append it.

    The peers know nothing of the learner: where only that has changed, its own file alone need be removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = {(part, run["stream"], run["drift"], run["seed"]) for part in PARTS for run in _read(folder, part)}
    tasks = [task for task in plan.tasks() if task not in done]
    with ProcessPoolExecutor(workers) as pool:
        waiting = {pool.submit(_play_world, *task): task for task in tasks}
        for number, future in enumerate(as_completed(waiting), start=1):
            task = waiting[future]
            with _file(folder, task[0]).open("a") as file:
                file.write("".join(json.dumps(run) + "\n" for run in future.result()))
            _progress(f"{number} of {len(tasks)}: {' / '.join(map(str, task))}")


def read_runs(folder: Path) -> list[dict[str, Any]]:
    """Return the runs in a folder that the learner and its peers have both been through."""
    peers = {_key(run): run for run in _read(folder, "peers")}
    forests = {_key(run): run["peers"] for run in _read(folder, FOREST)}
    return [
        {**run, **peers[_key(run)], "peers": peers[_key(run)]["peers"] | forests.get(_key(run), {})}
        for run in _read(folder, "served")
        if _key(run) in peers
    ]


def _read(folder: Path, part: str) -> list[dict[str, Any]]:
    """Return a file's runs; a line that an interruption cut off is left out."""
    path = _file(folder, part)
    if not path.exists():
        return []
    text = path.read_text()
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def _file(folder: Path, part: str) -> Path:
    return folder / f"{part}.jsonl"


def _key(run: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(run[name] for name in ("stream", "drift", "seed", "delay", "noise"))


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _play_world(part: str, stream: str, drift: str, seed: int) -> list[dict[str, Any]]:
    """Play all delays and noises of one stream with one drift."""
    world = build_world(load_stream(stream), drift, seed)
    runs = []
    for noise in NOISES:
        told = world.noisy_labels(noise, np.random.default_rng([seed, 2]))
        for delay, numbers in PARTS[part](world, told, seed).items():
            runs.append({"stream": stream, "drift": drift, "seed": seed, "delay": delay, "noise": noise, **numbers})
    return runs


def _play_served(world: World, told: Ints, seed: int) -> Numbers:  # noqa: ARG001 - the learner draws nothing
    return {delay: _served(world, told, delay) for delay in DELAYS}


def _play_peers(world: World, told: Ints, seed: int) -> Numbers:
    curves = {name: _peer_curves(name, world, told) for name in PEERS if name != FOREST}
    return {
        delay: {
            "offline": _offline(world, told, delay, np.random.default_rng([seed, 3])),
            "peers": {name: _rounded(curve[position]) for name, curve in curves.items()},
        }
        for position, delay in enumerate(DELAYS)
    }


def _play_forest(world: World, told: Ints, seed: int) -> Numbers:  # noqa: ARG001 - it has a seed of its own
    curves = _peer_curves(FOREST, world, told)
    return {delay: {"peers": {FOREST: _rounded(curve)}} for delay, curve in zip(DELAYS, curves, strict=True)}


PARTS: dict[str, Callable[[World, Ints, int], Numbers]] = {
    "served": _play_served,
    "peers": _play_peers,
    FOREST: _play_forest,
}
"""What is played apart: the learner, its peers, and the forest, which takes longer than all the others together."""


def _served(world: World, told: Ints, delay: int) -> dict[str, Any]:
    """Play the learner; return its curve, and what it did."""
    device = Device(world.body, world.embeddings, delay, reserved_classes=int(world.new_class))
    served, exact, wrong_promotions = [], [], 0
    frozen = {name: _accuracy(device.own.predict, test) for name, test in _tests(world).items()}
    switches = 0
    for step in range(1, STEPS + 1):
        before = device.head
        device.step(int(told[step - 1]))
        if len(device.switches) > switches:
            switches = len(device.switches)
            test = world.test(step)
            promoted = device.switches[-1][1].kind is DecisionKind.PROMOTE
            worse = _accuracy(device.head.predict, test) < _accuracy(before.predict, test) - 0.01
            wrong_promotions += promoted and worse
        if step % EVERY == 0:
            served.append(_accuracy(device.head.predict, world.test(step)))
            exact.append(_accuracy(device.float_predict, world.test(step)))
    return {
        "served": _rounded(np.array(served)),
        "float": _rounded(np.array(exact)),
        "frozen_clean": round(frozen["clean"], 4),
        "frozen_drifted": round(frozen["drifted"], 4),
        "false_promotions": wrong_promotions,
        "switches": switches,
        "label_us": round(device.label_seconds / device.labels * 1e6, 1),
        "bytes": device.learner.nbytes,
    }


def _tests(world: World) -> dict[str, tuple[npt.NDArray[np.int8], Ints]]:
    return {"clean": world.clean, "drifted": world.drifted}


def _offline(world: World, told: Ints, delay: int, random: np.random.Generator) -> float:
    """Train heads offline on the drifted phase's labels that had come by its end; return the best one's accuracy.

    Linear discriminant analysis with estimated shrinkage and logistic regression with its regularisation chosen;
    which of them is better a quarter of the labels decides, on which neither was trained.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis  # noqa: PLC0415 - a peer
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    steps = np.arange(CLEAN, CLEAN + DRIFTED - delay)
    x, y = world.body.real(world.embeddings[steps]), told[steps]
    kept = random.random(len(steps)) < 0.25
    models = [LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")]
    models += [make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=100)) for c in (0.01, 0.1)]
    scores = [model.fit(x[~kept], y[~kept]).score(x[kept], y[kept]) for model in models]
    best = models[int(np.argmax(scores))].fit(x, y)
    return round(_accuracy(lambda e: best.predict(world.body.real(e)), world.drifted), 4)


def _peer_curves(name: str, world: World, told: Ints) -> list[Accuracies]:
    """Return a peer's accuracy after every `EVERY` predictions, for each delay.

    What it has learnt after so many labels does not depend on when they come, so it learns once for all delays.
    """
    peer = PEERS[name](world.body)
    real = world.body.real(world.embeddings)
    limit = FOREST_TEST if name == FOREST else None
    curves = [np.full(STEPS // EVERY, np.nan) for _ in DELAYS]
    for labels in range(0, STEPS, EVERY):
        _test_peer(peer, world, labels, curves, limit)
        for step in range(labels, labels + EVERY):
            peer.learn(real[step], int(told[step]))
    _test_peer(peer, world, STEPS, curves, limit)
    return curves


def _test_peer(peer: Peer, world: World, labels: int, curves: list[Accuracies], limit: int | None) -> None:
    """Test a peer that has so many labels, in the worlds in which it has them."""
    known: dict[int, float] = {}
    for curve, delay in zip(curves, DELAYS, strict=True):
        steps = [labels + delay] if labels else range(EVERY, delay + EVERY, EVERY)
        for step in steps:
            if not EVERY <= step <= STEPS:
                continue
            embeddings, truth = world.test(step)
            if id(embeddings) not in known:
                test = embeddings[:limit], truth[:limit]
                known[id(embeddings)] = _accuracy(lambda e: peer.predict(_floats(world, e)), test)
            curve[step // EVERY - 1] = known[id(embeddings)]


def _floats(world: World, embeddings: npt.NDArray[np.int8]) -> Floats:
    return world.body.real(embeddings)


def _accuracy(predict: Any, test: tuple[npt.NDArray[np.int8], Ints]) -> float:
    embeddings, truth = test
    return float((predict(embeddings) == truth).mean())


def _rounded(values: Accuracies) -> list[float]:
    return [round(float(value), 4) for value in values]


def default_workers() -> int:
    """Return how many processes play at once."""
    return os.cpu_count() or 1
