"""Damaged files: each is refused in one line, or runs in TFLite with the same outputs. None crashes either."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import DataError, ModelError
from edge_runtime.model import Activation, Graph, GraphBuilder, Interpreter, Operator, read_tflite, write_tflite
from edge_runtime.model.geometry import operator_work
from support.random_operators import MAKERS, network_of, older_scheme
from support.waiting import DEADLINE_S

RUNNER = Path(__file__).with_name("fuzz_runner.py")
MUTATIONS = 700
OLDER = ["convolution", "depthwise", "fully_connected", "pool", "concatenation", "addition", "mean", "table"]
SMALLEST, LARGEST = 12, 1 << 20
INTERESTING = [0, 1, 2, 3, 4, 8, 127, 128, 255, 256, 0x7FFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE]


def dense() -> Graph:
    random = np.random.default_rng(1)
    builder = GraphBuilder("dense")
    x = builder.quantize(builder.float_input((1, 2, 3)), scale=0.1, zero_point=4)
    x = builder.fully_connected(
        builder.reshape(x, (1, 6)),
        random.integers(-127, 128, (5, 6)),
        random.integers(-99, 99, 5),
        weight_scale=[0.1, 0.2, 0.1, 0.3, 0.1],
        scale=1.5,
        zero_point=-20,
        activation=Activation.RELU6,
    )
    return builder.graph(builder.dequantize(x))


def classifier() -> Graph:
    random = np.random.default_rng(2)
    builder = GraphBuilder("classifier")
    x = builder.input((2, 6), scale=0.1, zero_point=4)
    x = builder.fully_connected(
        x, random.integers(-127, 128, (4, 6)), None, weight_scale=0.01, scale=0.1, zero_point=0, keep_num_dims=True
    )
    return builder.graph(builder.softmax(builder.quantize(x, scale=0.15, zero_point=3), beta=2))


def operators() -> Graph:
    """One of each kind, in int8; see `older` for uint8."""
    return joined([network_of(make, seed=3, count=1) for make in MAKERS.values()])


def older() -> Graph:
    return older_scheme(joined([network_of(MAKERS[name], seed=4, count=1) for name in OLDER]), seed=4)


def joined(graphs: list[Graph]) -> Graph:
    """Several networks as one."""
    tensors, operators, inputs, outputs = [], [], [], []
    for graph in graphs:
        first = len(tensors)
        tensors += [replace(tensor, index=tensor.index + first) for tensor in graph.tensors]
        operators += [moved(operator, first, len(operators)) for operator in graph.operators]
        inputs += [index + first for index in graph.inputs]
        outputs += [index + first for index in graph.outputs]
    return Graph("joined", tuple(tensors), tuple(operators), tuple(inputs), tuple(outputs))


def moved(operator: Operator, tensors: int, operators: int) -> Operator:
    def up(indices: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(index + tensors if index != -1 else -1 for index in indices)

    index = operator.index + operators
    inner = up(operator.intermediates)
    return replace(operator, index=index, inputs=up(operator.inputs), outputs=up(operator.outputs), intermediates=inner)


def mutations(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    random = np.random.default_rng(seed)
    for _ in range(count):
        changed = bytearray(data)
        for _ in range(int(random.choice([1, 1, 1, 2, 5]))):
            mutate(changed, random)
        yield bytes(changed)


def mutate(data: bytearray, random: np.random.Generator) -> None:
    if len(data) <= SMALLEST:
        return
    position = int(random.integers(8, len(data) - 4))
    kind = int(random.integers(6))
    if kind == 0:
        data[position] ^= 1 << int(random.integers(8))
    elif kind == 1:
        data[position] = int(random.integers(256))
    elif kind == 2:
        struct.pack_into("<I", data, position & ~3, INTERESTING[int(random.integers(len(INTERESTING)))])
    elif kind == 3:
        word = struct.unpack_from("<I", data, position & ~3)[0]
        struct.pack_into("<I", data, position & ~3, (word + int(random.integers(-8, 9))) % 2**32)
    elif kind == 4:
        other, length = int(random.integers(8, len(data) - 4)), int(random.integers(1, 17))
        data[position : position + length] = data[other : other + length]
    else:
        del data[position + 4 * int(random.integers(0, 50)) :]


def run(graph: Graph) -> dict[str, np.ndarray] | None:
    """Return inputs and outputs by tensor; None where the network is too large, or refuses the inputs."""
    work = sum(operator_work(graph, operator) for operator in graph.operators)
    if sum(tensor.size for tensor in graph.tensors) > LARGEST or work > 16 * LARGEST:
        return None
    random = np.random.default_rng(0)
    made = [random.integers(-128, 128, graph.tensor(index).shape) for index in graph.inputs]
    inputs = [array.astype(graph.tensor(i).dtype) for array, i in zip(made, graph.inputs, strict=True)]
    try:
        outputs = Interpreter(graph).run(inputs)
    except DataError:
        return None
    arrays = {f"input{index}": array for index, array in zip(graph.inputs, inputs, strict=True)}
    return arrays | {f"output{index}": array for index, array in zip(graph.outputs, outputs, strict=True)}


def accepted(data: bytes) -> Graph | None:
    try:
        return read_tflite(data, "mutated.tflite")
    except ModelError as error:
        message = str(error)
    assert message.startswith("mutated.tflite: ")
    assert "\n" not in message
    return None


@pytest.mark.parametrize("make", [dense, classifier, operators, older])
def test_damaged_files(make, tmp_path, request):
    data = write_tflite(make())
    kept = []
    for changed in mutations(data, MUTATIONS, seed=7):
        graph = accepted(changed)
        arrays = None if graph is None else run(graph)
        if arrays is not None:
            name = f"{len(kept):04}"
            (tmp_path / f"{name}.tflite").write_bytes(changed)
            np.savez(tmp_path / f"{name}.npz", **arrays)
            kept.append(name)
    assert 20 < len(kept) < MUTATIONS - 20, "the mutations are to be of both kinds"
    request.getfixturevalue("golden_interpreter")
    ran = subprocess.run(
        [sys.executable, str(RUNNER), str(tmp_path)], capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    lines = ran.stdout.splitlines()
    assert ran.returncode == 0, f"TFLite died of {lines[-1:]}"
    assert sum(line.startswith("start") for line in lines) == len(kept)
    # which versions of an operator there are, each TFLite knows for itself
    odd = [line for line in lines if not line.startswith("start") and "Didn't find op for builtin opcode" not in line]
    assert odd == []
