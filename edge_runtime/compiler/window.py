"""A sliding window over an input, as the engine's loops walk it: which outputs, and where their inputs begin."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_runtime.model.geometry import Axis, Window

__all__ = ["WHOLE_POINT", "Span", "Sweep", "sweep_of"]


@dataclass(frozen=True)
class Span:
    """A window along one dimension, for outputs `first` to `first + outputs - 1`.

    Output i reads the inputs ``i * stride - pad + k * dilation``, k from 0 to ``kernel - 1``.
    """

    kernel: int
    stride: int
    dilation: int
    pad: int
    outputs: int
    first: int = 0

    @property
    def start(self) -> int:
        """Index of the input that the first output's window begins with; negative in the padding."""
        return self.first * self.stride - self.pad

    @property
    def reach(self) -> int:
        """Inputs from a window's first to its last."""
        return (self.kernel - 1) * self.dilation + 1

    def stays_inside(self, length: int) -> bool:
        """Whether no window leaves an input of this length."""
        return self.start >= 0 and self.start + (self.outputs - 1) * self.stride + self.reach <= length


@dataclass(frozen=True)
class Sweep:
    """A window over lines and columns."""

    lines: Span
    columns: Span

    @property
    def positions(self) -> int:
        """Number of outputs."""
        return self.lines.outputs * self.columns.outputs

    def shifted(self, above: int, left: int) -> Sweep:
        """Return the same outputs of an input without the padding that it had above and left."""
        return Sweep(
            replace(self.lines, pad=self.lines.pad + above), replace(self.columns, pad=self.columns.pad + left)
        )


#: Reads one pixel for each output.
WHOLE_POINT = Span(kernel=1, stride=1, dilation=1, pad=0, outputs=1)


def sweep_of(window: Window) -> Sweep:
    """Return an operator's window."""
    return Sweep(_span(window.h), _span(window.w))


def _span(axis: Axis) -> Span:
    return Span(axis.kernel, axis.stride, axis.dilation, axis.pad, axis.outputs)
