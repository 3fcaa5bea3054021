"""The fixture that every bench is run with."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from find_libpython import find_libpython

from rtl.simulation import RTL, build_and_run, verilator_environment

RunBench = Callable[..., None]

# The benches run inside the simulator; even a search for doctests would have to import them.
collect_ignore_glob = ["cocotb_*.py"]


@pytest.fixture
def verilator_on_path(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `verilator` be the one of the `verilator` package, and see that cocotb can load Python into it."""
    if find_libpython() is None:
        package = f"libpython{sys.version_info.major}.{sys.version_info.minor}"
        pytest.skip(f"cocotb needs Python as a shared library: apt-get install {package}")
    for name, value in verilator_environment(tmp_path_factory.getbasetemp() / "shims").items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def run_bench(tmp_path: Path, verilator_on_path: None) -> RunBench:
    """Build a module and run its bench: ``run_bench("edge_delay", WIDTH=8)``.

    The bench is `cocotb_<module>.py` beside this file. Where one build is to show several sizes of a module, `wrapper`
    names the Verilog file, also beside this one, that instantiates them.
    """

    def run(module: str, *, wrapper: str | None = None, seed: int = 1, **parameters: int) -> None:
        source = Path(__file__).parent / f"{wrapper}.v" if wrapper else RTL / f"{module}.v"
        build_and_run(source, parameters, bench=f"rtl.cocotb_{module}", folder=tmp_path / "sim", seed=seed)

    return run
