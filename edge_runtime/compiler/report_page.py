"""The compile report as one HTML page, its pictures in SVG, with nothing to load from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.compiler.report import CompileReport, transfer_lines
from edge_runtime.compiler.roofline import RooflinePoint, unit_limits

__all__ = ["report_page"]

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 760, 380, 60, 40
_ROUNDINGS = {"double": "twice, as tflite-runtime 2.14", "single": "once, as LiteRT 2"}
_UNITS = {"array": "#1f6fb4", "vector": "#c2621b"}

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 1000px; margin: 2em auto; padding: 0 1em; color: #1b1f24; }
table { border-collapse: collapse; margin: 1em 0; }
th, td { text-align: left; padding: 0.2em 0.9em 0.2em 0; border-bottom: 1px solid #dde2e7; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
svg { max-width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: #1b1f24; }
.warning { background: #fff3d6; padding: 0.4em 0.8em; }
"""


def report_page(report: CompileReport, parameters: OverlayParameters) -> str:
    """Return the page of a report on an overlay with these parameters."""
    title = f"{report.model} on {report.board}"
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style></head>',
            "<body>",
            f"<h1>{escape(title)}</h1>",
            f"<p>{report.macs:,} MACs in {report.cycles:,} cycles: {report.latency_us:g} µs at "
            f"{report.clock_hz / 1e6:g} MHz, {100 * report.utilisation:.1f} % of the array's limit. "
            f"Overlay {escape(report.parameters)}; fully-connected layers round {_ROUNDINGS[report.rounding]}.</p>",
            *(f"<p>{escape(line)}</p>" for line in transfer_lines(report)),
            *(f'<p class="warning">{escape(warning)}</p>' for warning in report.warnings),
            "<h2>Operators</h2>",
            _table(
                ["#", "operator", "placed on", "MACs", "cycles", "because"],
                [[row.index, row.op, row.placement, row.macs, row.cycles, row.reason] for row in report.ops],
            ),
            "<h2>Roofline</h2>",
            "<p>Each operator's speed over its multiplications per output, below the roof of its unit.</p>",
            roofline_picture(report.roofline, parameters),
            "<h2>Memory</h2>",
            _table(["memory", "used", "of"], [[name, use.used, use.available] for name, use in report.memory.items()]),
            memory_picture(report),
            "</body></html>",
            "",
        ]
    )


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: object) -> str:
    if isinstance(value, int):
        return f'<td class="number">{value:,}</td>'
    return f"<td>{escape(str(value))}</td>"


def roofline_picture(points: Sequence[RooflinePoint], parameters: OverlayParameters) -> str:
    """Return the roofline as SVG, both axes logarithmic."""
    if not points:
        return "<p>No multiplications on the overlay.</p>"
    axes = _Axes(points, parameters)
    shapes = [*axes.grid(), *(axes.roof(unit, parameters) for unit in _UNITS), *(axes.mark(point) for point in points)]
    label = "MACs per cycle over MACs per output, for each operator, and the roof of each unit"
    return _svg(_WIDTH, _HEIGHT, label, shapes)


def _svg(width: int, height: int, label: str, shapes: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{"".join(shapes)}</svg>'


class _Axes:
    """Logarithmic axes that hold all points and roofs."""

    def __init__(self, points: Sequence[RooflinePoint], parameters: OverlayParameters) -> None:
        most = max(point.macs_per_output for point in points)
        self._right = math.ceil(math.log10(max(10.0, most * 1.1)))
        self._top = math.ceil(math.log10(parameters.macs_per_cycle * 1.1))

    def x(self, intensity: float) -> float:
        share = math.log10(max(1.0, intensity)) / self._right
        return _LEFT + share * (_WIDTH - _LEFT - 20)

    def y(self, speed: float) -> float:
        share = math.log10(max(1.0, speed)) / self._top
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - 20)

    def grid(self) -> Iterator[str]:
        for power in range(self._right + 1):
            x = self.x(10**power)
            yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="20" y2="{_HEIGHT - _BOTTOM}" stroke="#dde2e7"/>'
            yield f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{10**power:,}</text>'
        for power in range(self._top + 1):
            y = self.y(10**power)
            yield f'<line x1="{_LEFT}" x2="{_WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dde2e7"/>'
            yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10**power:,}</text>'
        yield f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 6}" text-anchor="middle">MACs per output</text>'
        yield f'<text transform="translate(14 {_HEIGHT / 2}) rotate(-90)" text-anchor="middle">MACs per cycle</text>'

    def roof(self, unit: str, parameters: OverlayParameters) -> str:
        peak, outputs = unit_limits(unit, parameters)
        ridge = peak / outputs
        corners = [(1.0, float(outputs)), (ridge, float(peak)), (10.0**self._right, float(peak))]
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in corners)
        name = f'<text x="{_WIDTH - 24}" y="{self.y(peak) - 6:.1f}" text-anchor="end">{unit}: {peak} a cycle</text>'
        return f'<polyline points="{path}" fill="none" stroke="{_UNITS[unit]}" stroke-width="2"/>{name}'

    def mark(self, point: RooflinePoint) -> str:
        names = " + ".join(map(str, point.operators))
        text = (
            f"operators {names}: {point.macs_per_cycle:.1f} MACs a cycle, {100 * point.share:.0f} % of what is possible"
        )
        x, y = self.x(point.macs_per_output), self.y(point.macs_per_cycle)
        dot = f'cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{_UNITS[point.unit]}" fill-opacity="0.7"'
        return f"<circle {dot}><title>{text}</title></circle>"


def memory_picture(report: CompileReport) -> str:
    """Return what lies where in the activation memory over the layers, as SVG, one picture a part."""
    size = report.memory["act_bytes"].available
    parts = sorted({row.part for row in report.memory_map})
    return "".join(_part_picture(report, part, size) for part in parts)


def _part_picture(report: CompileReport, part: int, size: int) -> str:
    rows = [row for row in report.memory_map if row.part == part]
    layers = max(row.last for row in rows) + 1
    wide, tall = (_WIDTH - _LEFT - 20) / layers, (_HEIGHT - _BOTTOM - 20) / size
    shapes = [
        f'<rect x="{_LEFT}" y="20" width="{_WIDTH - _LEFT - 20}" height="{_HEIGHT - _BOTTOM - 20}" fill="#f3f5f7"/>'
    ]
    for row in rows:
        text = (
            f"tensor {row.tensor} ({row.name}): {row.size:,} bytes at {row.address:,}, layers {row.first} to {row.last}"
        )
        x, width = _LEFT + row.first * wide, (row.last - row.first + 1) * wide
        y, height = 20 + row.address * tall, max(1.0, row.size * tall)
        shapes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="#1f6fb4" '
            f'fill-opacity="0.55" stroke="#fff"><title>{escape(text)}</title></rect>'
        )
    shapes.append(f'<text x="{_LEFT - 6}" y="30" text-anchor="end">0</text>')
    shapes.append(f'<text x="{_LEFT - 6}" y="{_HEIGHT - _BOTTOM}" text-anchor="end">{size:,}</text>')
    shapes.append(
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 12}" text-anchor="middle">layers of part {part}, in order</text>'
    )
    return _svg(_WIDTH, _HEIGHT, f"Activation memory over the layers of part {part}", shapes)
