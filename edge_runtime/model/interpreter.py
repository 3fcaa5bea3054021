"""The reference interpreter: runs a graph in numpy, with the bits of TFLite's reference kernels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.graph import Graph, Operator, Tensor, describe
from edge_runtime.model.kernels import Kernel, prepare_kernel

__all__ = ["Interpreter"]


@dataclass(frozen=True)
class _Step:
    """One operator, prepared."""

    operator: Operator
    kernel: Kernel


class Interpreter:
    """Runs a checked graph; everything that does not depend on the inputs is computed once, here.

    Operators with a state (LSTM, SVDF) keep it from one run to the next, as in TFLite, until `reset`.

    Parameters
    ----------
    graph
        As `load_tflite` returns it.
    rounding
        Which of TFLite's requantisations to be bit-exact to.
    """

    def __init__(self, graph: Graph, rounding: Rounding = Rounding.DOUBLE) -> None:
        self.graph = graph
        self.rounding = rounding
        self._constants = {tensor.index: tensor.data for tensor in graph.tensors if tensor.data is not None}
        self.reset()
        self._steps = [_Step(operator, prepare_kernel(graph, operator, rounding)) for operator in graph.operators]

    def reset(self) -> None:
        """Set the operators' states back to what they are before the first run."""
        variables = (tensor for tensor in self.graph.tensors if tensor.is_variable)
        self._states = {tensor.index: _first_state(tensor) for tensor in variables}

    def run(self, inputs: Sequence[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        """Run the network once.

        Parameters
        ----------
        inputs
            One array per network input, in the model's order, shapes and dtypes.

        Returns
        -------
        list
            One new array per network output, in the model's order.

        Raises
        ------
        DataError
            If an input has another shape or dtype than the model's, or a float that cannot be quantised.
        """
        values = self.run_all(inputs)
        return [values[index] for index in self.graph.outputs]

    def run_all(self, inputs: Sequence[npt.NDArray[Any]]) -> dict[int, npt.NDArray[Any]]:
        """Run the network once and keep every tensor.

        Returns
        -------
        dict
            From tensor index to value: the inputs, and what each operator computed.

        Raises
        ------
        DataError
            As `run` does.
        """
        values = self.bind(inputs)
        self._evaluate(values, self._steps)
        return values

    def bind(self, inputs: Sequence[npt.NDArray[Any]]) -> dict[int, npt.NDArray[Any]]:
        """Check the network's inputs and return them by tensor index, for `evaluate` to go on from.

        Raises
        ------
        DataError
            As `run` does.
        """
        return dict(zip(self.graph.inputs, self._checked(inputs), strict=True))

    def evaluate(self, values: dict[int, npt.NDArray[Any]], operators: Sequence[int]) -> None:
        """Run some operators, in the given order, on tensors that are known already.

        Parameters
        ----------
        values
            From tensor index to value; gains what the operators compute. Their shapes and dtypes are the
            caller's responsibility.
        operators
            Indices of operators.

        Raises
        ------
        DataError
            If an operator reads a tensor that has no value yet.
        """
        self._evaluate(values, (self._steps[index] for index in operators))

    def _evaluate(self, values: dict[int, npt.NDArray[Any]], steps: Iterable[_Step]) -> None:
        for step in steps:
            outputs = step.kernel([self._value(values, step.operator, index) for index in step.operator.inputs])
            values.update(zip(step.operator.outputs, outputs, strict=True))

    def _value(self, values: dict[int, npt.NDArray[Any]], operator: Operator, index: int) -> npt.NDArray[Any] | None:
        if index == -1:
            return None
        value = values.get(index)
        if value is None:
            value = self._constants.get(index, self._states.get(index))
        if value is None:
            raise DataError(f"{describe(operator)} reads {describe(self.graph.tensor(index))}, which has no value yet")
        return value

    def _checked(self, inputs: Sequence[npt.NDArray[Any]]) -> Sequence[npt.NDArray[Any]]:
        expected = self.graph.inputs
        if len(inputs) != len(expected):
            raise DataError(f"{self.graph.name}: {len(inputs)} inputs were given; the network takes {len(expected)}")
        for array, index in zip(inputs, expected, strict=True):
            _check_input(array, self.graph.tensor(index), self.graph.name)
        return inputs


def _first_state(tensor: Tensor) -> npt.NDArray[Any]:
    # TFLite starts int8 states at their zero point, others at zero
    start = tensor.quantization.zero_point if tensor.quantization and tensor.dtype == np.int8 else 0
    return np.full(tensor.shape, start, tensor.dtype)


def _check_input(array: npt.NDArray[Any], tensor: Tensor, network: str) -> None:
    if not isinstance(array, np.ndarray):
        raise DataError(f"{network}: input {tensor.name!r} is a {type(array).__name__}; give a numpy array")
    if array.shape != tensor.shape or array.dtype != tensor.dtype:
        given = f"{array.dtype} {list(array.shape)}"
        raise DataError(f"{network}: input {tensor.name!r} is {given}; it must be {tensor.dtype} {list(tensor.shape)}")
