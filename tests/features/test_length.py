from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from edge_runtime.errors import ConfigError
from edge_runtime.features.length import Length, samples_in

parse = TypeAdapter(Length).validate_python


@pytest.mark.parametrize(
    ("text", "rate_hz", "samples"),
    [
        ("4 s", 10.0, 40),
        ("500 ms", 10.0, 5),
        ("40 samples", 123.4, 40),
        ("40samples", 1.0, 40),
        ("250 us", 8000.0, 2),
        ("1 min", 0.5, 30),
        ("4 s", 9.98, 40),
        ("0.3 s", 10.0, 3),
        ("1 s", 44_100.0, 44_100),
    ],
)
def test_a_length_in_samples(text: str, rate_hz: float, samples: int) -> None:
    assert samples_in(parse(text), rate_hz) == samples


@pytest.mark.parametrize(
    ("one", "other"), [("4 s", "4000ms"), ("0.5 s", "500 ms"), ("1_000 samples", "1000 samples"), ("100 s", "1e2 s")]
)
def test_equal_lengths_are_written_equally(one: str, other: str) -> None:
    assert parse(one) == parse(other)
    assert parse(parse(one)) == parse(one)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("4 sec", r"has the unit 'sec'; it should be one of ns, us, ms, s, min, h, samples"),
        ("4 sample", r"has the unit 'sample'; it should be one of .* samples"),
        ("4", "has no unit; it should be one of"),
        ("four s", "should be text with a number and a unit"),
        ("0 s", "should be above 0"),
        ("-1 samples", "should be above 0, and whole"),
        ("1.5 samples", "should be above 0, and whole"),
    ],
)
def test_a_wrong_length_says_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        parse(text)


def test_less_than_a_sample_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"0\.01 s is less than one sample at 10 Hz"):
        samples_in(parse("10 ms"), 10.0)
