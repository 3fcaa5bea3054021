"""What a golden reference is known to compute wrongly itself: where differences are not the overlay's fault.

Found by runs of tflite-runtime 2.14.0; its source is ``FullyConnectedPerChannel`` in
``lite/kernels/internal/reference/integer_ops/fully_connected.h``, which takes the output's first two dimensions for
batch and channels.
"""

from __future__ import annotations

from edge_runtime.model.graph import Graph, Operator, OpKind, describe, quantization_of

__all__ = ["golden_faults"]

_FAULTY = "tflite-runtime 2.14"


def golden_faults(graph: Graph, golden: str) -> tuple[str, ...]:
    """Return a sentence for each operator of a network that the golden reference itself does not compute.

    Parameters
    ----------
    graph
        The network.
    golden
        The reference's name, version included.
    """
    if not golden.startswith(_FAULTY):
        return ()
    return tuple(_unwritten(graph, operator) for operator in graph.operators if _is_unwritten(graph, operator))


def _is_unwritten(graph: Graph, operator: Operator) -> bool:
    if operator.kind is not OpKind.FULLY_CONNECTED or len(graph.output_tensor(operator).shape) <= 2:
        return False
    return not quantization_of(graph.tensor(operator.inputs[1])).per_tensor


def _unwritten(graph: Graph, operator: Operator) -> str:
    shape = list(graph.output_tensor(operator).shape)
    return (
        f"{_FAULTY} itself leaves most of the output {shape} of {describe(operator)} unwritten, "
        "as it has a scale for each channel and more than two dimensions"
    )
