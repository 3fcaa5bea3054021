"""A bus to a functional model of the engine: the right bits, and the cycle model's count, without any Verilog."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.accelerator.bus.fake import FakeBus
from edge_runtime.compiler.descriptor import descriptor_fields
from edge_runtime.compiler.emulator import EngineMemories, emulate
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.compiler.schedule import replay_run

__all__ = ["EmulatedBus"]


class EmulatedBus(FakeBus):
    """Answers like an overlay with these parameters, and computes what it would.

    For tests of compiler and driver where a simulation is not there, or would take too long.
    """

    def __init__(self, parameters: OverlayParameters) -> None:
        super().__init__(parameters)
        self._parameters = parameters

    def run_engine(self) -> None:
        """Run the program from ENTRY on the memories' contents."""
        memories = self._memories()
        entry, bank = self.peek("ENTRY"), self.peek("HEAD_BANK")
        failed = emulate(memories, self._parameters, entry=entry, bank=bank)
        self._bytes("ACTIVATIONS", self._parameters.act_bytes)[:] = memories.activations.view(np.uint8)
        status = host_interface().registers["STATUS"].fields
        self.poke("STATUS", status["DONE"].put(1) + status["ERROR"].put(int(failed is not None)))
        if failed is not None:
            self.poke("ERROR_DESCRIPTOR", failed)
            return
        rows: list[dict[str, int]] = []
        index = entry
        while not rows or not rows[-1]["LAST"]:
            rows.append(descriptor_fields(memories.descriptors[index].tolist(), self._parameters))
            index += 1 + rows[-1]["BANKED"]
        self.poke("CYCLES", replay_run(rows, self._parameters))

    def _bytes(self, window: str, length: int) -> npt.NDArray[np.uint8]:
        offset = host_interface().windows[window].offset
        return np.frombuffer(self._memory, np.uint8)[offset : offset + length]

    def _rows(self, window: str, count: int, pitch: int, length: int) -> npt.NDArray[np.uint8]:
        return self._bytes(window, count * pitch).reshape(count, pitch)[:, :length].copy()

    def _words(self, window: str, shape: tuple[int, ...], dtype: npt.DTypeLike = np.uint32) -> npt.NDArray[Any]:
        return self._bytes(window, 4 * int(np.prod(shape))).view(dtype).reshape(shape).copy()

    def _memories(self) -> EngineMemories:
        parameters = self._parameters
        return EngineMemories(
            activations=self._bytes("ACTIVATIONS", parameters.act_bytes).view(np.int8).copy(),
            descriptors=self._words("PROGRAM", (parameters.descriptors, host_interface().descriptor_words)),
            weight_rows=self._rows(
                "WEIGHTS", parameters.weight_rows, parameters.weight_row_pitch, parameters.weight_row_bytes
            ),
            channels=self._words("PARAMETERS", (parameters.param_channels, 4)),
            vec_weight_rows=self._rows(
                "VECTOR_WEIGHTS",
                parameters.vec_weight_rows,
                parameters.vec_weight_row_pitch,
                parameters.vec_weight_row_bytes,
            ),
            vec_channels=self._words("VECTOR_PARAMETERS", (parameters.vec_param_channels, 4)),
            tables=self._words("TABLES", (parameters.table_pairs, 256, 2), np.int32),
        )
