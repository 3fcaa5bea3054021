from __future__ import annotations

import shutil
import subprocess

import pytest

from edge_runtime.accelerator.bus import VerilatorBus, verilator_build
from edge_runtime.compiler import OverlayParameters
from edge_runtime.errors import ConfigError, ToolError
from support.overlays import LEAST, SMALL


@pytest.fixture
def no_compiler(monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _: None)


def test_a_build_is_taken_from_the_cache_the_second_time(monkeypatch):
    library = verilator_build.build_simulation(SMALL)
    monkeypatch.setattr(verilator_build, "_build", lambda *_: pytest.fail("built again"))
    assert verilator_build.build_simulation(SMALL) == library


def test_other_parameters_are_another_build():
    tools = verilator_build._toolchain()
    keys = {
        verilator_build._key(verilator_build.overlay_design(p), t, tools)
        for p in (SMALL, OverlayParameters())
        for t in (None, "vcd", "fst")
    }
    assert len(keys) == 6


def test_a_missing_compiler_is_named_with_what_to_install(no_compiler, monkeypatch):
    monkeypatch.setattr(verilator_build.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ToolError, match=r"apt-get install g\+\+"):
        verilator_build._compiler()


def test_ziglang_stands_in_for_a_missing_compiler(no_compiler, monkeypatch):
    monkeypatch.setattr(verilator_build.importlib.util, "find_spec", lambda name: name == "ziglang")
    assert verilator_build._compiler()[1:] == ("-m", "ziglang", "c++")


def test_a_tool_that_fails_gives_one_line():
    with pytest.raises(ToolError, match=r"^g\+\+ failed: .*error") as caught:
        verilator_build._run(["g++", "-c", "/nowhere/missing.cpp"])
    assert "\n" not in str(caught.value)


def test_signed_arithmetic_is_that_of_verilator(tmp_path):
    program = r"""
        #include <cstdio>
        static uint64_t state = 1;
        static uint64_t drawn(int bits) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            if ((state >> 20 & 3) == 0) return state >> 40 & 1 ? VL_MASK_Q(bits) : VL_MASK_Q(bits) / 2 + 1;
            return state >> (64 - bits);
        }
        // A macro is not called where its name stands in brackets: that is Verilator's own function.
        static bool same(int bits, IData amount) {
            const uint64_t a = drawn(bits), b = drawn(bits);
            bool same = (VL_EXTENDS_QQ)(64, bits, a) == VL_EXTENDS_QQ(64, bits, a);
            const uint64_t wide = (VL_MULS_QQQ)(bits, a, b) ^ VL_MULS_QQQ(bits, a, b);
            same &= (wide & VL_MASK_Q(bits)) == 0;
            same &= (VL_SHIFTRS_QQI)(bits, bits, 7, a, amount) == VL_SHIFTRS_QQI(bits, bits, 7, a, amount);
            if (bits > 32) return same;
            const IData c = a, d = b;
            same &= (VL_EXTENDS_II)(32, bits, c) == VL_EXTENDS_II(32, bits, c);
            same &= (VL_EXTENDS_QI)(64, bits, c) == VL_EXTENDS_QI(64, bits, c);
            same &= (((VL_MULS_III)(bits, c, d) ^ VL_MULS_III(bits, c, d)) & VL_MASK_I(bits)) == 0;
            same &= (VL_LTS_III)(bits, c, d) == VL_LTS_III(bits, c, d);
            return same && (VL_GTS_III)(bits, c, d) == VL_GTS_III(bits, c, d);
        }
        int main() {
            for (int round = 0; round < 1024; ++round)
                for (int bits = 1; bits <= 64; ++bits)
                    if (!same(bits, round % 80)) return std::printf("%d bits, round %d", bits, round), 1;
        }
    """
    (tmp_path / "main.cpp").write_text(program)
    include = verilator_build.verilator_root() / "include"
    header = verilator_build.rtl_folder() / "sim" / "signed_arithmetic.h"
    tools = verilator_build._toolchain()
    command = [*tools.compiler, "-std=c++17", "-w", f"-I{include}", f"-I{include / 'vltstd'}", "-include", str(header)]
    objects = map(str, verilator_build._library(None, tools))
    verilator_build._run([*command, str(tmp_path / "main.cpp"), "-o", str(tmp_path / "main"), *objects, "-pthread"])
    done = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def has_fst_libraries() -> bool:
    program = "#include <zlib.h>\n#include <lz4.h>\nint main() { return 0; }"
    command = ["g++", "-x", "c++", "-fsyntax-only", "-"]
    return subprocess.run(command, input=program, capture_output=True, text=True, check=False).returncode == 0


def write_waveform(trace):
    with VerilatorBus(LEAST, trace) as bus:
        bus.read(0, 4)
    return trace.read_bytes()


def test_vcd_waveforms_are_written_on_request(tmp_path):
    assert b"s_axil_arvalid" in write_waveform(tmp_path / "run.vcd")


@pytest.mark.skipif(not has_fst_libraries(), reason="FST needs: apt-get install zlib1g-dev liblz4-dev")
def test_fst_waveforms_are_written_on_request(tmp_path):
    assert len(write_waveform(tmp_path / "run.fst")) > 1000


def test_an_unknown_waveform_format_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"\.fst or \.vcd"):
        VerilatorBus(LEAST, tmp_path / "run.txt")
