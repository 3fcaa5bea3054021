"""The Verilog library is clean under `verilator --lint-only -Wall`, keeps its style, and refuses bad parameters."""

from __future__ import annotations

import os
import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from rtl.simulation import RTL, VERILATOR_ROOT

MODULES = sorted(RTL.glob("*.v"))
WAIVERS = RTL / "waivers.vlt"
MAX_LINES = 400
MAX_COLUMNS = 120

# Parameter sets of edge_overlay: packed or not, chains and columns that are no powers of two, the smallest memories.
OVERLAYS = {
    "24x16": {},
    "8x8": {"K_LANES": 8, "OC_LANES": 8, "PACKED": 0},
    "4x4": {"K_LANES": 4, "OC_LANES": 4, "REQUANT_LANES": 2, "VEC_LANES": 2, "TABLES_IN_LUTS": 0},
    "16x8": {"K_LANES": 16, "OC_LANES": 8, "REQUANT_LANES": 8},
    "64x32": {"K_LANES": 64, "OC_LANES": 32, "REQUANT_LANES": 16, "ACT_BYTES": 131072},
    "128x12": {"K_LANES": 128, "OC_LANES": 12, "REQUANT_LANES": 4, "WEIGHT_ROWS": 64},
    "smallest": {
        "K_LANES": 4,
        "OC_LANES": 4,
        "REQUANT_LANES": 4,
        "ACT_BYTES": 64,
        "WEIGHT_ROWS": 2,
        "PARAM_CHANNELS": 8,
        "DESCRIPTORS": 4,
        "VEC_LANES": 2,
        "VEC_WEIGHT_ROWS": 2,
        "VEC_PARAM_CHANNELS": 4,
        "TABLE_PAIRS": 2,
        "ROW_BUFFER_BYTES": 64,
    },
}

# Parameter sets of edge_vector_unit: few and many channels, reads of the row buffer that cover one word or several.
VECTOR_UNITS = {
    "8": {},
    "2": {"VEC_LANES": 2, "K_LANES": 4, "TABLE_WORDS": 512, "TABLES_IN_LUTS": 0},
    "4": {"VEC_LANES": 4, "K_LANES": 12},
    "16": {"VEC_LANES": 16, "K_LANES": 16},
    "32": {"VEC_LANES": 32, "K_LANES": 24, "ACT_ADDR_WIDTH": 11, "ROW_BUFFER_BYTES": 8192},
}

BAD_PARAMETERS = [
    ("edge_token_delay", {"CYCLES": 1}, "CYCLES must be at least 2"),
    ("edge_activation_memory", {"BANKS": 24, "LANES": 24}, "BANKS must be a power of two"),
    ("edge_activation_memory", {"BANKS": 16, "LANES": 24}, "BANKS must be a power of two"),
    ("edge_mac_array", {"K_LANES": 6}, "must be multiples of 4"),
    ("edge_mac_array", {"OC_LANES": 6}, "must be multiples of 4"),
    ("edge_mac_array", {"K_LANES": 132}, "at most 128"),
    ("edge_requantizer", {"LANES": 1}, "LANES must be a power of two"),
    ("edge_requantizer", {"LANES": 32}, "that divides OC_LANES"),
    ("edge_vector_unit", {"VEC_LANES": 6}, "VEC_LANES must be a power of two"),
    ("edge_vector_unit", {"TABLE_WORDS": 256}, "at least 512"),
    ("edge_vector_unit", {"ROW_BUFFER_BYTES": 32}, "at least twice what a read covers"),
    ("edge_requant_lane", {"MULTIPLIERS": 3}, "MULTIPLIERS must be 1 or 2"),
    ("edge_requant_narrow_product", {"MULTIPLIERS": 3}, "MULTIPLIERS must be 2 or 4"),
    ("edge_uart_rx", {"CLOCK_HZ": 11, "BAUD": 3}, "from 1 to a quarter"),
    ("edge_uart_tx", {"BAUD": 0}, "from 1 to a quarter"),
    ("edge_overlay", {"ACT_BYTES": 60000}, "must be powers of two"),
    ("edge_overlay", {"WEIGHT_ROWS": 1000}, "must be powers of two"),
    ("edge_overlay", {"PARAM_CHANNELS": 4000}, "must be powers of two"),
    ("edge_overlay", {"DESCRIPTORS": 100}, "must be powers of two"),
    ("edge_overlay", {"ACT_BYTES": 32}, "ACT_BYTES must be at least two for each byte bank"),
    ("edge_overlay", {"ACT_BYTES": 1024}, "ROW_BUFFER_BYTES must be from 64 to ACT_BYTES"),
    ("edge_overlay", {"VEC_WEIGHT_ROWS": 6}, "VEC sizes, TABLE_PAIRS and ROW_BUFFER_BYTES must be powers of two"),
    ("edge_overlay", {"TABLE_PAIRS": 1}, "TABLE_PAIRS at least 2"),
    ("edge_overlay", {"WEIGHT_ROWS": 1}, "WEIGHT_ROWS must be at least 2"),
    ("edge_overlay", {"PARAM_CHANNELS": 8}, "PARAM_CHANNELS twice REQUANT_LANES"),
    ("edge_overlay", {"DESCRIPTORS": 2}, "DESCRIPTORS 4"),
    ("edge_overlay", {"ACT_BYTES": 1 << 20}, "larger than its window"),
    ("edge_overlay", {"WEIGHT_ROWS": 8192}, "larger than its window"),
    ("edge_overlay", {"PARAM_CHANNELS": 32768}, "larger than its window"),
    ("edge_overlay", {"DESCRIPTORS": 16384}, "larger than its window"),
    ("edge_overlay", {"K_LANES": 4, "OC_LANES": 132, "REQUANT_LANES": 4}, "at most 128"),
    ("edge_overlay", {"REQUANT_LANES": 3}, "that divides OC_LANES"),
    ("edge_overlay", {"K_LANES": 0}, "must be multiples of 4"),
]


def lint(module: str, parameters: dict[str, int], *, waivers: Path = WAIVERS) -> str:
    """Return what Verilator has to say: nothing, if all is well."""
    settings = [f"-G{name}={value}" for name, value in parameters.items()]
    done = subprocess.run(
        [
            *(str(VERILATOR_ROOT / "bin" / "verilator_bin"), "--lint-only", "-Wall", "--quiet", *settings),
            *(f"-I{RTL}", "-y", str(RTL), "--top-module", module, str(waivers), str(RTL / f"{module}.v")),
        ],
        env={**os.environ, "VERILATOR_ROOT": str(VERILATOR_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize("module", [path.stem for path in MODULES])
def test_each_module_alone_is_clean(module):
    assert lint(module, {}) == ""


@pytest.mark.parametrize("parameters", OVERLAYS.values(), ids=OVERLAYS)
def test_the_overlay_is_clean_for_many_parameters(parameters):
    assert lint("edge_overlay", parameters) == ""


@pytest.mark.parametrize("parameters", VECTOR_UNITS.values(), ids=VECTOR_UNITS)
def test_the_vector_unit_is_clean_for_many_parameters(parameters):
    assert lint("edge_vector_unit", parameters) == ""


@pytest.mark.parametrize(("module", "parameters", "message"), BAD_PARAMETERS)
def test_bad_parameters_stop_elaboration_with_a_message(module, parameters, message):
    assert re.search(rf"edge_\w+: [^\n]*{message}", lint(module, parameters))


WAIVER_LINES = [line for line in WAIVERS.read_text().splitlines() if line.startswith("lint_off")]


@pytest.mark.parametrize("waiver", WAIVER_LINES)
def test_every_waiver_is_needed(waiver, tmp_path):
    others = tmp_path / "waivers.vlt"
    others.write_text(WAIVERS.read_text().replace(waiver, ""))
    said = lint("edge_overlay", {}, waivers=others)
    warnings = [line for line in said.splitlines() if line.startswith("%Warning")]
    signal = re.search(r"'(\w+)'", waiver)[1]
    assert warnings, "the waiver matches nothing"
    assert all(f"'{signal}'" in line for line in warnings), "the waiver matches more than it says"


def test_every_waiver_is_matched_by_its_text_and_explained():
    lines = WAIVERS.read_text().splitlines()
    for place, line in enumerate(lines):
        if line.startswith("lint_off"):
            assert "-match" in line
            assert "-lines" not in line
            assert lines[place - 1].startswith(("//", "lint_off"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_files_keep_the_style(path):
    text = path.read_text()
    lines = text.splitlines()
    assert lines[0] == "// SPDX-License-Identifier: Apache-2.0"
    assert lines[1] == "//"
    assert lines[2].startswith("// "), "the header says what the module is for"
    assert "`default_nettype none" in lines
    assert lines[-1] == "`resetall"
    assert re.findall(r"^module (\w+)", text, re.M) == [path.stem]
    assert path.stem.startswith("edge_")
    assert len(lines) <= MAX_LINES
    assert [line for line in lines if len(line) > MAX_COLUMNS or line != line.rstrip() or "\t" in line] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_generate_blocks_are_named(path):
    regions = re.findall(r"^    generate$(.*?)^    endgenerate$", path.read_text(), re.M | re.S)
    assert len(regions) == path.read_text().count("endgenerate")
    lines = [line for region in regions for line in region.splitlines() if re.search(r"\bbegin\b", line)]
    assert [line for line in lines if "always" not in line and not re.search(r"begin : gen_\w+$", line)] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_parameter_is_explained(path):
    """A comment above each one, or above the group that it belongs to."""
    lines = [line.strip() for line in path.read_text().splitlines()]
    for above, line in pairwise(lines):
        if line.startswith("parameter "):
            assert re.match(r"parameter integer [A-Z0-9_]+ =", line), line
            assert above.startswith(("//", "parameter ")), f"what is this? {line}"


@pytest.mark.parametrize("module", [path.stem for path in MODULES])
def test_every_module_has_a_bench(module):
    beside = Path(__file__).parent
    assert (beside / f"test_{module}.py").exists()
    assert (beside / f"cocotb_{module}.py").exists()
