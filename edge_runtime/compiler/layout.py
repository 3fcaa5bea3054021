"""How an activation tensor lies in the activation memory: lines of pixels of channels, at a pitch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Form", "Layout", "form_of"]


@dataclass(frozen=True)
class Form:
    """A tensor's shape as the engine walks it: lines, columns (pixels) in a line, channels (bytes) in a pixel."""

    lines: int
    columns: int
    channels: int

    @property
    def size(self) -> int:
        """Bytes of the tensor itself."""
        return self.lines * self.columns * self.channels


def form_of(shape: Sequence[int]) -> Form:
    """Return the form of a shape: the last dimension is channels, the one before columns, all others lines.

    Examples
    --------
    >>> form_of((1, 25, 5, 64))
    Form(lines=25, columns=5, channels=64)
    >>> form_of((1, 64))
    Form(lines=1, columns=1, channels=64)
    """
    padded = (1, 1, 1, *shape)
    return Form(math.prod(padded[:-2]), padded[-2], padded[-1])


@dataclass(frozen=True)
class Layout:
    """Where the bytes of a tensor lie, from the address of the buffer that it is in.

    Parameters
    ----------
    form
        What lies there.
    pixel
        Bytes from one pixel to the next; more than `form.channels` in a part of a concatenation.
    pitch
        Bytes from one line to the next.
    offset
        Bytes from the buffer's address to the first byte.
    """

    form: Form
    pixel: int
    pitch: int
    offset: int = 0

    @classmethod
    def dense(cls, form: Form, pitch: int = 0) -> Layout:
        """Return a layout without gaps between pixels; without a pitch, none between lines either."""
        return cls(form, form.channels, pitch or form.columns * form.channels)

    @property
    def line_bytes(self) -> int:
        """Bytes from a line's first pixel to behind its last one."""
        return self.form.columns * self.pixel

    @property
    def span(self) -> int:
        """Bytes from the first one to behind the last one."""
        return (self.form.lines - 1) * self.pitch + (self.form.columns - 1) * self.pixel + self.form.channels

    @property
    def is_dense(self) -> bool:
        """Whether the bytes follow each other without gaps."""
        return self.span == self.form.size

    @property
    def has_full_lines(self) -> bool:
        """Whether the bytes of each line follow each other without gaps."""
        return self.pixel == self.form.channels or self.form.columns == 1

    def at(self, line: int, column: int) -> int:
        """Return the offset of a pixel in the buffer.

        Lines and columns may be those of another form of the same number of pixels, if this one is of one line.
        """
        return self.offset + line * self.pitch + column * self.pixel

    def viewed_as(self, form: Form) -> Layout | None:
        """Return the same bytes as another form of the same size, or None where the gaps do not allow that."""
        if form == self.form:
            return self
        if self.is_dense:
            return Layout(form, form.channels, form.columns * form.channels, self.offset)
        step = self._step
        if step is None or form.channels != self.form.channels:
            return None
        return Layout(form, step, step * form.columns, self.offset)

    @property
    def _step(self) -> int | None:
        """Bytes from each pixel to the next, over the ends of lines too; None where there is no such number."""
        if self.form.columns == 1:
            return self.pixel if self.form.lines == 1 else self.pitch
        if self.form.lines == 1 or self.pitch == self.form.columns * self.pixel:
            return self.pixel
        return None
