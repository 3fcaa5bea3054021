from __future__ import annotations

from dataclasses import replace

import pytest

from edge_runtime.compiler import OverlayParameters, compile_model
from edge_runtime.compiler.report import describe, overlay_mac_share, transfer_lines
from edge_runtime.compiler.report_page import report_page
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


def report_of(shared_models, name):
    program = compile_model((shared_models / f"{name}.tflite").read_bytes(), OverlayParameters(), name=name)
    return describe(program, board="pynq_z2", clock_hz=100_000_000)


def test_the_roofline_shows_layers_that_run_side_by_side_together(shared_models):
    report = report_of(shared_models, "mlperf_kws_dscnn")
    assert [point.operators for point in report.roofline] == [(0,), (1, 2), (3, 4), (5, 6), (7, 8), (11,)]
    assert all(0 < point.share <= 1 for point in report.roofline)
    assert report.utilisation == pytest.approx(report.macs / report.cycles / 384, abs=1e-4)


def test_the_page_holds_its_pictures_and_escapes_names(shared_models):
    report = report_of(shared_models, "mlperf_ic_resnet8")
    page = report_page(replace(report, model="<b>&"), OverlayParameters())
    assert page.count("<svg") == 2
    assert "&lt;b&gt;&amp;" in page
    assert "<b>" not in page
    assert "http" not in page


def test_what_the_cpu_has_to_do_is_a_warning():
    model = Builder((1, 200)).dense(100).dense(4).model()
    program = compile_model(model, OverlayParameters(weight_rows=32), name="large", allow_cpu=True)
    report = describe(program, board="bench", clock_hz=1)
    assert [row.placement for row in report.ops] == ["cpu", "overlay"]
    assert "of the MACs, runs on the CPU: does not fit" in report.warnings[0]


def test_what_moves_through_the_burst_master_is_told():
    model = Builder((1, 30)).dense(20).dense(16).dense(4).model()
    with_master = OverlayParameters(axi_master=True)
    report = describe(compile_model(model, with_master, name="small"), board="bench", clock_hz=50_000_000)
    assert report.transfers is not None
    assert (report.transfers.bytes_in, report.transfers.bytes_out) == (32, 32)
    assert report.transfers.job_cycles > report.transfers.stream_cycles > report.cycles
    (line,) = transfer_lines(report)
    assert "moves 32 bytes from memory and 32 to it" in line
    assert f"{report.transfers.stream_cycles:,} each in a stream" in line
    assert line in report_page(report, with_master)
    without = describe(compile_model(model, OverlayParameters(), name="small"), board="bench", clock_hz=50_000_000)
    assert without.transfers is None
    assert list(transfer_lines(without)) == []


def test_networks_in_several_parts_are_not_streamed():
    model = Builder((1, 12), seed=4).dense(9).softmax().dense(6).model()
    program = compile_model(model, OverlayParameters(axi_master=True), name="two")
    report = describe(program, board="bench", clock_hz=1)
    assert report.transfers is not None
    assert report.transfers.stream_cycles is None
    assert "in a stream" not in " ".join(transfer_lines(report))
