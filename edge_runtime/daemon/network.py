"""What a pipeline must know of its network: how features go in, what comes out, and where the head is."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.bundles import Linear
from edge_runtime.errors import ModelError
from edge_runtime.features.quantize import quantize_features
from edge_runtime.model.graph import Graph, Quantization, Tensor
from edge_runtime.model.head import HeadSite, QuantizedHead, find_head, quantize_head

__all__ = ["LinearHead", "Network"]


@dataclass(frozen=True)
class LinearHead:
    """The network's own last layer in real numbers, and the quantisation of what it is given.

    Parameters
    ----------
    weights
        float32[classes, features].
    bias
        float32[classes].
    scale, zero_point
        Of the embeddings: ``real = scale * (stored - zero_point)``.
    """

    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    scale: float
    zero_point: int


class Network:
    """A network that takes a window's features and tells classes apart.

    Parameters
    ----------
    graph
        The network: one int8 input, and one output whose largest element names the class.
    size
        How many features the view gives.
    classes
        The classes' names, in the order of the network's outputs; empty where they have none.
    reserved
        How many of the last outputs are no classes yet.

    Attributes
    ----------
    first_head
        Serves in the place of the network's own last layer, as if it were that; None: nothing does.

    Raises
    ------
    ModelError
        If the network does not fit the view or the classes.
    """

    def __init__(self, graph: Graph, *, size: int, classes: Sequence[str] = (), reserved: int = 0) -> None:
        self.graph = graph
        self.classes = tuple(classes)
        self.reserved = reserved
        self._input = _the_input(graph, size)
        quantization = _quantization(self._input, graph.name)
        self._scale, self._zero_point = quantization.scale, quantization.zero_point
        self.first_head: QuantizedHead | None = None
        outputs = _the_output(graph).size
        if self.classes and len(self.classes) + reserved != outputs:
            more = f", and model.reserved_classes is {reserved}" if reserved else ""
            raise ModelError(
                f"{graph.name}: has {outputs} outputs, but model.classes names {len(self.classes)} classes{more}"
            )

    def starting_with(self, head: Linear, embeddings: npt.NDArray[np.int8]) -> Network:
        """Return the same network with another head in its last layer's place.

        Parameters
        ----------
        head
            Weights and bias, of the last layer's size.
        embeddings
            int8[n, features], typical ones; with none the head's outputs are as coarse as any embedding could need.
        """
        own, started = self.linear_head(), copy(self)
        started.first_head = quantize_head(
            *head, input_scale=own.scale, input_zero_point=own.zero_point, embeddings=embeddings
        )
        return started

    def quantize(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.int8]:
        """Turn a window's features, float32[size], into the network's input."""
        return quantize_features(values, scale=self._scale, zero_point=self._zero_point).reshape(self._input.shape)

    def class_of(self, outputs: npt.NDArray[Any]) -> int:
        """Return the index of the class that the outputs name; of equals the first."""
        return int(np.argmax(outputs))

    def class_name(self, index: int) -> str | None:
        """Return a class's name, if it has one."""
        return self.classes[index] if index < len(self.classes) else None

    def head_site(self) -> HeadSite:
        """Return where the head is.

        Raises
        ------
        ModelError
            If the network does not end in a fully-connected layer, so that there is nothing to learn.
        """
        site = find_head(self.graph)
        if site is None:
            raise ModelError(
                f"{self.graph.name}: has no fully-connected last layer that can be replaced; learning needs one"
            )
        return site

    def linear_head(self) -> LinearHead:
        """Return the last layer in real numbers, or the head that serves first in its place.

        Raises
        ------
        ModelError
            If there is none.
        """
        site = self.head_site()
        given, weights, bias = (*self.graph.input_tensors(self.graph.operators[site.operator]), None)[:3]
        if given is None or weights is None or weights.data is None:
            raise ModelError(f"{self.graph.name}: the last layer has no constant weights; learning needs them")
        embedding = _quantization(given, self.graph.name)
        if self.first_head is not None:
            return _dequantized(self.first_head, embedding)
        scales = _quantization(weights, self.graph.name).scales.astype(np.float64)
        stored = weights.data.astype(np.float64)
        # The bias is stored in units of the embedding's scale times the weights' scale.
        unit = embedding.scale * np.broadcast_to(scales, (site.classes,))
        offset = np.zeros(site.classes) if bias is None or bias.data is None else bias.data.astype(np.float64) * unit
        return LinearHead(
            (stored * scales.reshape(-1, 1)).astype(np.float32),
            offset.astype(np.float32),
            embedding.scale,
            embedding.zero_point,
        )


def _dequantized(head: QuantizedHead, embedding: Quantization) -> LinearHead:
    weights = (head.weights * head.weight_scale).astype(np.float32)
    bias = (head.bias * (head.weight_scale * embedding.scale)).astype(np.float32)
    return LinearHead(weights, bias, embedding.scale, embedding.zero_point)


def _the_input(graph: Graph, size: int) -> Tensor:
    if len(graph.inputs) != 1:
        raise ModelError(f"{graph.name}: has {len(graph.inputs)} inputs; a pipeline's network takes one")
    tensor = graph.tensor(graph.inputs[0])
    if tensor.dtype != np.int8:
        raise ModelError(f"{graph.name}: its input is {tensor.dtype}; a pipeline's network takes int8")
    if tensor.size != size:
        raise ModelError(f"{graph.name}: takes {tensor.size} values, but the view gives {size}; they must be as many")
    return tensor


def _the_output(graph: Graph) -> Tensor:
    if len(graph.outputs) != 1:
        raise ModelError(f"{graph.name}: has {len(graph.outputs)} outputs; a pipeline's network gives one")
    return graph.tensor(graph.outputs[0])


def _quantization(tensor: Tensor, where: str) -> Quantization:
    if tensor.quantization is None or not len(tensor.quantization.scales):
        raise ModelError(f"{where}: tensor {tensor.name!r} has no quantisation; give a fully quantised int8 model")
    return tensor.quantization
