from __future__ import annotations

import pytest

from edge_runtime.compiler import OverlayParameters, compile_model
from edge_runtime.compiler.report import describe, overlay_mac_share
from support.networks import Builder


def test_a_report_adds_up():
    program = compile_model(Builder((3, 30)).dense(20).dense(5).softmax().model(), OverlayParameters(), name="small")
    report = describe(program, board="bench", clock_hz=50_000_000)
    assert [row.placement for row in report.ops] == ["overlay", "overlay", "cpu"]
    assert [row.macs for row in report.ops] == [3 * 30 * 20, 3 * 20 * 5, 0]
    assert report.macs == 3 * (600 + 100)
    assert report.latency_us == pytest.approx(report.cycles / 50)
    assert report.memory["weight_rows"].used == len(program.weight_rows)
    assert overlay_mac_share(program) == 1.0
    assert set(report.to_json()) >= {
        "model",
        "board",
        "supported",
        "ops",
        "macs",
        "cycles",
        "clock_hz",
        "latency_us",
        "memory",
    }


def test_the_autoencoder_is_within_its_budget(shared_models):
    model = (shared_models / "mlperf_ad_autoencoder.tflite").read_bytes()
    report = describe(compile_model(model, OverlayParameters(), name="ad"), board="pynq_z2", clock_hz=100_000_000)
    assert report.macs == 264_192
    assert report.cycles <= 1_150
