"""Makes the golden vectors beside it: `python tests/model/golden/make.py`.

With tflite-runtime 2.14 each `NAME.npz` gets a network as TFLite bytes, inputs, and what TFLite's reference kernels
make of them; so that a Python without a tflite-runtime is held against the same bits. Where there is ai-edge-litert 2.3
instead (Python 3.12 and later), `NAME_litert.npz` gets what its reference kernels make of the same inputs.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.model import Activation, Graph, GraphBuilder, write_tflite

HERE = Path(__file__).resolve().parent
SAMPLES = 40


def dense(random: np.random.Generator) -> Graph:
    """Layers side by side: every activation, one weight scale and several, with and without bias."""
    builder = GraphBuilder("dense")
    width, scale = 24, 0.05
    source = builder.input((1, width), scale=scale, zero_point=-11)
    outputs = []
    for layer, (activation, largest) in enumerate(zip(Activation, (3.0, 3.0, 1.5, 8.0), strict=True)):
        for classes in (7, 10):
            step = largest / (74 * 74 * width**0.5)
            weight_scale = step / scale * random.uniform(0.5, 1, classes if classes == 10 else 1)
            output = builder.fully_connected(
                source,
                random.integers(-128, 128, (classes, width)),
                None if layer == 0 else random.integers(-9000, 9000, classes),
                weight_scale=weight_scale.tolist(),
                scale=largest / 70,
                zero_point=int(random.integers(-60, 60)),
                activation=activation,
            )
            outputs.append(output)
    return builder.graph(*outputs)


def classifier(random: np.random.Generator) -> Graph:
    """Floats in, floats out, and every other operator between."""
    builder = GraphBuilder("classifier")
    tensor = builder.quantize(builder.float_input((2, 3, 8)), scale=0.04, zero_point=7)
    tensor = builder.fully_connected(
        builder.reshape(tensor, (2, 24)),
        random.integers(-127, 128, (12, 24)),
        random.integers(-2000, 2000, 12),
        weight_scale=0.01,
        scale=0.11,
        zero_point=-128,
        activation=Activation.RELU,
    )
    tensor = builder.quantize(tensor, scale=0.19, zero_point=-100)
    logits = builder.fully_connected(
        tensor, random.integers(-127, 128, (9, 12)), None, weight_scale=0.004, scale=0.05, zero_point=3
    )
    return builder.graph(builder.dequantize(builder.softmax(logits, beta=1.0)), logits)


def softmax(random: np.random.Generator) -> Graph:
    """Long rows, whose exponentials can add up to more than 512."""
    del random
    builder = GraphBuilder("softmax")
    return builder.graph(builder.softmax(builder.input((1, 600), scale=0.05, zero_point=0), beta=0.75))


def inputs_for(graph: Graph, random: np.random.Generator) -> list[np.ndarray]:
    """Return [samples, ...] for each input: random ones, few high among many low ones, and the ends of the range."""
    made = []
    for tensor in map(graph.tensor, graph.inputs):
        shape = (SAMPLES, *tensor.shape)
        if tensor.dtype == np.float32:
            array = random.normal(0, 2, shape).astype(np.float32)
        else:
            array = random.integers(-128, 128, shape).astype(np.int8)
            array[::2][random.random(array[::2].shape) > 6 / tensor.size] = -128
            array[0], array[1] = -128, 127
        made.append(array)
    return made


def outputs_of(module: Any, model: bytes, inputs: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Return [samples, ...] for each output, from the reference kernels of one TFLite."""
    resolver = module.OpResolverType.BUILTIN_REF
    interpreter = module.Interpreter(model_content=model, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    samples = []
    for sample in zip(*inputs, strict=True):
        for detail, array in zip(interpreter.get_input_details(), sample, strict=True):
            interpreter.set_tensor(detail["index"], array)
        interpreter.invoke()
        samples.append([interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()])
    return {f"output{i}": np.stack(output) for i, output in enumerate(zip(*samples, strict=True))}


def make_all(module: Any) -> None:
    """Write networks, inputs, and tflite-runtime's outputs."""
    for make in (dense, classifier, softmax):
        random = np.random.default_rng(20240229)
        graph = make(random)
        model, inputs = write_tflite(graph), inputs_for(graph, random)
        arrays = {f"input{i}": array for i, array in enumerate(inputs)} | outputs_of(module, model, inputs)
        np.savez_compressed(HERE / f"{graph.name}.npz", model=np.frombuffer(model, np.uint8), **arrays)


def add_litert(module: Any) -> None:
    """Write ai-edge-litert's outputs for the same networks and inputs.

    Not for `softmax`: where exponentials add up to 512 or more, ai-edge-litert aborts the process.
    """
    for make in (dense, classifier):
        with np.load(HERE / f"{make.__name__}.npz") as arrays:
            inputs = [arrays[name] for name in sorted(arrays) if name.startswith("input")]
            outputs = outputs_of(module, arrays["model"].tobytes(), inputs)
        np.savez_compressed(HERE / f"{make.__name__}_litert.npz", **outputs)


if __name__ == "__main__":
    try:
        make_all(importlib.import_module("tflite_runtime.interpreter"))
    except ImportError:
        add_litert(importlib.import_module("ai_edge_litert.interpreter"))
