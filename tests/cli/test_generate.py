"""`edge-runtime generate`: a project of Verilog that only instantiates the library, and a bench that finds errors."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from support.networks import dense_network


@pytest.fixture
def project(tmp_path, cli):
    model = tmp_path / "small.tflite"
    model.write_bytes(dense_network([20, 12, 5], seed=1))
    done = cli("generate", model, "--board", "colorlight_i5", "-o", tmp_path / "out", "--json")
    assert done.status == 0
    return tmp_path / "out", done.json()


def bench(folder):
    if shutil.which("iverilog") is None:
        pytest.skip("Icarus Verilog is missing: apt-get install iverilog")
    command = ["sh", str(folder / "run_bench.sh")]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_the_report_names_the_overlay_and_its_cycles(project):
    _, report = project
    assert report["board"] == "colorlight_i5"
    assert report["cycles"]["small.tflite"] > 0
    assert report["dsp"] <= 28
    assert report["overlay"]["packed"] is False


def test_the_top_only_instantiates_the_overlay(project):
    folder, report = project
    top = (folder / "edge_sized_overlay.v").read_text()
    assert report["parameters"] in top
    assert "always" not in top
    assert "assign" not in top
    assert f".K_LANES({report['overlay']['k_lanes']})" in top


def test_the_bench_passes_and_notices_a_wrong_word(project):
    folder, _ = project
    done = bench(folder)
    assert "PASS" in done.stdout
    assert done.returncode == 0
    lines = (folder / "accesses.hex").read_text().splitlines()
    reads = [place for place, line in enumerate(lines) if line.startswith("02")]
    lines[reads[0]] = f"{int(lines[reads[0]], 16) ^ 1:018x}"
    (folder / "accesses.hex").write_text("\n".join(lines) + "\n")
    spoilt = bench(folder)
    assert "FAIL" in spoilt.stdout
    assert spoilt.returncode == 1
