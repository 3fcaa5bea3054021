"""Looks at the overlay before the demo: builds its simulation, counts cycles layer by layer, records waveforms."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_runtime.accelerator import OverlayAccelerator, open_accelerator
from edge_runtime.daemon.build import Deployment
from edge_runtime.demo.scenario import Scenario
from edge_runtime.errors import ConfigError
from edge_runtime.features.compute import compute_recording
from edge_runtime.model.graph import OpKind
from edge_runtime.model.head import quantize_head

__all__ = ["LayerCycles", "count_layers", "trace_inferences"]

TRACED_INFERENCES = 3


@dataclass(frozen=True)
class LayerCycles:
    """One layer on the overlay.

    Parameters
    ----------
    name
        The operator with its number and size.
    macs
        Multiplications that it needs.
    counted
        Cycles as the RTL counted them, to the end of the layer's last output; the first layer's from START.
    """

    name: str
    macs: int
    counted: int


def count_layers(deployment: Deployment) -> list[LayerCycles]:
    """Run one inference, and return the cycles of each layer that the overlay ran.

    The simulation is built here if it is not in the cache, which takes some seconds.

    Raises
    ------
    AcceleratorError
        If the overlay fails.
    ToolError
        If its simulation cannot be built.
    """
    with _open(deployment) as overlay:
        overlay.load(deployment.program)
        overlay.infer([_zeros(deployment)])
        counted = overlay.layer_cycles()
    return [
        _layer(deployment, layer.operator, counted[layer.operator])
        for part in deployment.program.parts
        for layer in part.layers
    ]


def trace_inferences(deployment: Deployment, scenario: Scenario, path: Path) -> None:
    """Write waveforms of the first inferences of a stream, of a new head, and of one inference with it.

    The demo itself runs without: waveforms of all of it would fill the disk.

    Raises
    ------
    ConfigError
        If the path has no suffix that stands for a waveform format.
    ToolError
        If the simulation cannot be built with waveforms.
    """
    windows = compute_recording(deployment.view, scenario.recording)[: TRACED_INFERENCES + 1]
    network = deployment.network
    with _open(deployment, trace=path) as overlay:
        overlay.load(deployment.program)
        embeddings = []
        for window in windows[:-1]:
            inference = overlay.infer([network.quantize(window.values)])
            if inference.embedding is not None:
                embeddings.append(inference.embedding)
        head = network.linear_head()
        overlay.load_head(
            quantize_head(
                head.weights,
                head.bias,
                input_scale=head.scale,
                input_zero_point=head.zero_point,
                embeddings=np.stack(embeddings),
            )
        )
        overlay.infer([network.quantize(windows[-1].values)])


def _open(deployment: Deployment, *, trace: Path | None = None) -> OverlayAccelerator:
    board = deployment.board
    accelerator = open_accelerator("overlay", board, trace=trace)
    if not isinstance(accelerator, OverlayAccelerator):
        raise ConfigError(f"board {board.name}: the demo needs an overlay")
    return accelerator


def _zeros(deployment: Deployment) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
    return deployment.network.quantize(np.zeros(deployment.view.size, np.float32))


def _layer(deployment: Deployment, operator: int, counted: int) -> LayerCycles:
    graph = deployment.program.graph
    found = graph.operators[operator]
    weights = graph.tensor(found.inputs[1]).shape if found.kind is OpKind.FULLY_CONNECTED else ()
    size = f" {weights[1]} → {weights[0]}" if weights else ""
    macs = int(np.prod(weights)) if weights else 0
    return LayerCycles(f"{operator} {found.kind.value}{size}", macs, counted)
