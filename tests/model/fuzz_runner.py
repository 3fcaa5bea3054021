"""Runs models through TFLite in a process of its own: `python fuzz_runner.py FOLDER`, for `test_fuzz`.

Each `N.tflite` comes with an `N.npz` of inputs and expected outputs. A line is printed before each model, so that the
last line names the one that the process died of; models whose outputs differ, or which TFLite refuses, are printed too.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np


def main(folder: Path) -> None:
    """Run every model in `folder`."""
    from tflite_runtime.interpreter import Interpreter, OpResolverType  # noqa: PLC0415 (not on every Python)

    for path in sorted(folder.glob("*.tflite")):
        print("start", path.name, flush=True)
        try:
            resolver = OpResolverType.BUILTIN_REF
            interpreter = Interpreter(model_content=path.read_bytes(), experimental_op_resolver_type=resolver)
            interpreter.allocate_tensors()
            _compare(interpreter, path)
        except (RuntimeError, ValueError) as error:
            print("refused", path.name, str(error).replace("\n", " "), flush=True)


def _compare(interpreter, path: Path) -> None:
    with np.load(path.with_suffix(".npz")) as arrays:
        for detail in interpreter.get_input_details():
            interpreter.set_tensor(detail["index"], arrays[f"input{detail['index']}"])
        interpreter.invoke()
        for detail in interpreter.get_output_details():
            if not np.array_equal(interpreter.get_tensor(detail["index"]), arrays[f"output{detail['index']}"]):
                print("differs", path.name, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
