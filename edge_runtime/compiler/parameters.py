"""The overlay's parameters: what sizes its Verilog, and what a program is compiled for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property

from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.errors import ConfigError

__all__ = ["TABLE_PAIR_BYTES", "VECTOR_LINES", "OverlayParameters"]

#: Kernel lines that a step of the vector unit reads.
VECTOR_LINES = 3
#: Two tables of 256 words each.
TABLE_PAIR_BYTES = 2 * 256 * 4

_HASH_DIGITS = 16


@dataclass(frozen=True)
class OverlayParameters:
    """Parameters of `rtl/edge_overlay.v`, by the same names.

    Parameters
    ----------
    k_lanes
        int8 activations per cycle: a multiple of 4, 4 to 128.
    oc_lanes
        Output channels of the array: a multiple of 4, 4 to 128.
    requant_lanes
        Output channels requantised per cycle: a power of two, at least 2, that divides `oc_lanes`.
    act_bytes
        Bytes of activation memory, a power of two.
    weight_rows
        Rows of weight memory, ``k_lanes * oc_lanes`` bytes each, a power of two.
    param_channels
        Output channels that have room for requantisation parameters, a power of two.
    descriptors
        Layer descriptors, a power of two.
    packed
        Whether one multiplier does two MACs.
    vec_lanes
        Channels per cycle of the vector unit: a power of two, 2 to 32.
    vec_weight_rows
        Rows of the vector unit's weight memory, ``9 * vec_lanes`` bytes each, a power of two.
    vec_param_channels
        Channels of the vector unit that have room for requantisation parameters, a power of two.
    table_pairs
        Pairs of tables of 256 32-bit words, a power of two.
    row_buffer_bytes
        Bytes between the vector unit and the array, two halves, a power of two.
    axi_master
        Whether an AXI4 burst master fetches inputs and stores outputs: `rtl/edge_overlay_axi.v`.

    Raises
    ------
    ConfigError
        If a parameter is not as said here, or a memory is larger than its window.
    """

    k_lanes: int = 24
    oc_lanes: int = 16
    requant_lanes: int = 8
    act_bytes: int = 65536
    weight_rows: int = 1024
    param_channels: int = 4096
    descriptors: int = 64
    packed: bool = True
    vec_lanes: int = 8
    vec_weight_rows: int = 512
    vec_param_channels: int = 4096
    table_pairs: int = 4
    row_buffer_bytes: int = 2048
    axi_master: bool = False

    def __post_init__(self) -> None:
        for name in ("k_lanes", "oc_lanes"):
            value = getattr(self, name)
            if value % 4 or not 4 <= value <= 128:
                raise ConfigError(f"overlay parameter {name} is {value}; it must be a multiple of 4 from 4 to 128")
        if not _is_power_of_two(self.requant_lanes) or self.requant_lanes < 2 or self.oc_lanes % self.requant_lanes:
            raise ConfigError(
                f"overlay parameter requant_lanes is {self.requant_lanes}; it must be a power of two, at least 2, "
                f"that divides oc_lanes ({self.oc_lanes})"
            )
        if not _is_power_of_two(self.vec_lanes) or not 2 <= self.vec_lanes <= 32:
            raise ConfigError(
                f"overlay parameter vec_lanes is {self.vec_lanes}; it must be a power of two from 2 to 32"
            )
        self._check_memory("act_bytes", 8 * self.act_banks, self._window("ACTIVATIONS"))
        self._check_memory("weight_rows", 2, self._window("WEIGHTS") // self.weight_row_pitch)
        self._check_memory("param_channels", 2 * self.requant_lanes, self._window("PARAMETERS") // 16)
        self._check_memory("descriptors", 4, self._window("PROGRAM") // (4 * host_interface().descriptor_words))
        self._check_memory("vec_weight_rows", 2, self._window("VECTOR_WEIGHTS") // self.vec_weight_row_pitch)
        self._check_memory("vec_param_channels", 2 * self.vec_lanes, self._window("VECTOR_PARAMETERS") // 16)
        self._check_memory("table_pairs", 2, self._window("TABLES") // TABLE_PAIR_BYTES)
        self._check_memory("row_buffer_bytes", max(64, 4 * max(self.k_lanes, self.vec_lanes) // 3), self.act_bytes)

    def _check_memory(self, name: str, smallest: int, largest: int) -> None:
        value = getattr(self, name)
        if not _is_power_of_two(value) or not smallest <= value <= largest:
            raise ConfigError(
                f"overlay parameter {name} is {value}; it must be a power of two from {smallest} to {largest}"
            )

    @staticmethod
    def _window(name: str) -> int:
        return host_interface().windows[name].size

    @property
    def act_banks(self) -> int:
        """Byte banks of the activation memory."""
        return _next_power_of_two(max(self.read_lanes, self.requant_lanes, 8))

    @property
    def read_lanes(self) -> int:
        """Bytes that a step reads from the activation memory."""
        return max(self.k_lanes, VECTOR_LINES * self.vec_lanes)

    @property
    def weight_row_bytes(self) -> int:
        """Bytes in a weight row."""
        return self.k_lanes * self.oc_lanes

    @property
    def weight_row_pitch(self) -> int:
        """Bytes of address space that a weight row takes."""
        return _next_power_of_two(self.weight_row_bytes)

    @property
    def vec_weight_row_bytes(self) -> int:
        """Bytes in a weight row of the vector unit."""
        return 9 * self.vec_lanes

    @property
    def vec_weight_row_pitch(self) -> int:
        """Bytes of address space that a weight row of the vector unit takes."""
        return _next_power_of_two(self.vec_weight_row_bytes)

    @property
    def tile_cycles(self) -> int:
        """Cycles that the requantiser needs for a tile of output channels."""
        return self.oc_lanes // self.requant_lanes

    @property
    def chains(self) -> bool:
        """Whether the array can hand its outputs to the vector unit: as in `rtl/edge_vector_steps.v`."""
        return self.requant_lanes == self.vec_lanes and self.oc_lanes <= VECTOR_LINES * self.vec_lanes

    @property
    def macs_per_cycle(self) -> int:
        """The array's limit."""
        return self.k_lanes * self.oc_lanes

    @cached_property
    def hash(self) -> str:
        """A short name for exactly these parameters and this host interface, in hexadecimal."""
        own = {name: value for name, value in asdict(self).items() if name != "axi_master" or value}
        content = {"interface": host_interface().version, **own}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:_HASH_DIGITS]

    @property
    def top(self) -> str:
        """The Verilog module: with a burst master it has ports to memory."""
        return "edge_overlay_axi" if self.axi_master else "edge_overlay"

    def verilog(self) -> dict[str, int]:
        """Return the parameters as the Verilog module takes them; whether there is a burst master says its name."""
        return {name.upper(): int(value) for name, value in asdict(self).items() if name != "axi_master"}


def _is_power_of_two(value: int) -> bool:
    return value > 0 and value & (value - 1) == 0


def _next_power_of_two(value: int) -> int:
    return 1 << (value - 1).bit_length()
