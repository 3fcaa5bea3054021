"""A plan of inputs and of expected outputs, cycle by cycle, for modules without a handshake."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping

from cocotb.handle import SimHandleBase

from rtl.clocking import cycle

__all__ = ["Timeline"]


class Timeline:
    """Plays inputs and compares outputs.

    Parameters
    ----------
    dut
        The module; its clock runs.
    idle
        Inputs that have this value in every cycle in which nothing else is planned for them.
    noise
        Inputs that are random in such cycles, with their width in bits.
    """

    def __init__(
        self, dut: SimHandleBase, *, idle: Mapping[str, int] | None = None, noise: Mapping[str, int] | None = None
    ) -> None:
        self._dut = dut
        self._idle = dict(idle or {})
        self._noise = dict(noise or {})
        self._inputs: defaultdict[int, dict[str, int]] = defaultdict(dict)
        self._outputs: defaultdict[int, dict[str, int]] = defaultdict(dict)

    def set(self, when: int, **inputs: int) -> None:
        """Plan inputs for a cycle. Those that are neither idle nor noise keep the value from then on."""
        self._inputs[when] |= inputs

    def expect(self, when: int, **outputs: int) -> None:
        """Plan what outputs have to be in a cycle, as unsigned numbers."""
        self._outputs[when] |= outputs

    async def play(self) -> int:
        """Play all cycles up to the last one that is planned; return how many outputs were compared."""
        compared = 0
        for now in range(max([*self._inputs, *self._outputs]) + 1):
            random_inputs = {name: random.getrandbits(width) for name, width in self._noise.items()}
            for name, value in {**self._idle, **random_inputs, **self._inputs[now]}.items():
                getattr(self._dut, name).value = value
            await cycle(self._dut)
            for name, wanted in self._outputs[now].items():
                assert int(getattr(self._dut, name).value) == wanted, f"{name} in cycle {now}"
                compared += 1
        return compared
