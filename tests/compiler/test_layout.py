from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.compiler.layout import Form, Layout

FORMS = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 6))


def addresses(layout):
    lines, columns, channels = layout.form.lines, layout.form.columns, layout.form.channels
    grid = np.arange(lines)[:, None, None] * layout.pitch + np.arange(columns)[:, None] * layout.pixel
    return (layout.offset + grid + np.arange(channels)).reshape(-1)


def others_of(shape):
    lines, columns, channels = shape
    merged = [(1, lines * columns, channels), (lines * columns, 1, channels), (1, 1, lines * columns * channels)]
    return st.sampled_from([*permutations(shape), *merged])


@given(
    shapes=FORMS.flatmap(lambda shape: st.tuples(st.just(shape), others_of(shape))),
    gaps=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    offset=st.integers(0, 9),
)
def test_a_view_has_the_same_bytes_in_the_same_order(shapes, gaps, offset):
    form, seen_as = Form(*shapes[0]), Form(*shapes[1])
    pixel = form.channels + gaps[0]
    layout = Layout(form, pixel, form.columns * pixel + gaps[1], offset)
    view = layout.viewed_as(seen_as)
    if gaps == (0, 0):
        assert view is not None
    if view is not None:
        assert view.form == seen_as
        assert addresses(view).tolist() == addresses(layout).tolist()


def test_the_span_ends_with_the_last_byte():
    layout = Layout(Form(2, 3, 5), 8, 32, 100)
    assert addresses(layout)[-1] + 1 == layout.offset + layout.span
    assert layout.line_bytes == 24
    assert not layout.is_dense
