from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.units import FREQUENCIES, TIMES, parse_quantity


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2 s", 2.0),
        ("2s", 2.0),
        ("1.5 min", 90.0),
        ("1e3 us", 0.001),
        (" 10 ns ", 1e-8),
        ("1_000 ms", 1.0),
        (".5 h", 1800),
    ],
)
def test_times(text: str, seconds: float) -> None:
    assert parse_quantity(text, TIMES) == seconds


@given(st.integers(0, 10**12), st.sampled_from(sorted(FREQUENCIES)))
def test_a_quantity_is_its_number_times_its_unit(number: int, unit: str) -> None:
    assert parse_quantity(f"{number} {unit}", FREQUENCIES) == float(number * FREQUENCIES[unit])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, 'should be text with a number and a unit, like "5 s"'),
        (True, 'should be text with a number and a unit, like "2 s"'),
        ("fast", "should be text with a number and a unit"),
        ("5", "has no unit; it should be one of ns, us, ms, s, min, h"),
        ("5 S", "has the unit 'S'; it should be one of"),
        ("5 s s", "should be text with a number and a unit"),
        ("nan s", "should be text with a number and a unit"),
    ],
)
def test_a_wrong_quantity_is_explained(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_quantity(value, TIMES)


def test_every_unit_table_has_a_unit_of_one() -> None:
    assert Decimal(1) in TIMES.values()
    assert Decimal(1) in FREQUENCIES.values()
