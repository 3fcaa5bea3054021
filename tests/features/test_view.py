from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from edge_runtime.errors import ConfigError
from edge_runtime.features import FeatureView, Normalisation

DECLARED: dict[str, Any] = {
    "name": "motion",
    "channels": ["x", "y"],
    "window": "4 s",
    "hop": "1 s",
    "kernels": ["mean", {"kernel": "band_power", "low_hz": 0.5, "high_hz": 3}, "crossings"],
}

TOML = """\
name = "motion"
version = 2
channels = ["x", "y"]
window = "4 s"
hop = "500 ms"
kernels = ["mean", { kernel = "band_power", low_hz = 0.5, high_hz = 3 }, { kernel = "crossings", about = "zero" }]
non_finite = "hold"

[normalisation]
mean = [0, 1, 2, 3, 4, 5]
std = [1, 1.5, 1, 1, 1, 1]
"""


def view(**changes: Any) -> FeatureView:
    return FeatureView.from_mapping({**DECLARED, **changes})


def test_outputs_stand_kernel_after_kernel_and_channel_after_channel() -> None:
    names = ("mean.x", "mean.y", "band_power_0.5_3.x", "band_power_0.5_3.y", "crossings.x", "crossings.y")
    assert view().output_names == names
    assert view().size == 6


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("kernel", "mean.x mean.y raw_0.x raw_1.x raw_0.y raw_1.y"),
        ("channel", "mean.x raw_0.x raw_1.x mean.y raw_0.y raw_1.y"),
        ("value", "mean.x mean.y raw_0.x raw_0.y raw_1.x raw_1.y"),
    ],
)
def test_the_order_of_the_outputs_is_declared(order: str, names: str) -> None:
    assert view(kernels=["mean", "raw"], window="2 samples", order=order).output_names == tuple(names.split())


def test_a_view_comes_from_a_toml_file(tmp_path: Path) -> None:
    path = tmp_path / "view.toml"
    path.write_text(TOML)
    read = FeatureView.from_toml(path)
    assert read.output_names[-1] == "zero_crossings.y"
    assert (read.version, read.non_finite, read.gap) == (2, "hold", "fill")
    assert (read.window_samples(10.0), read.hop_samples(10.0)) == (40, 5)
    assert read.normalisation == Normalisation(mean=(0, 1, 2, 3, 4, 5), std=(1, 1.5, 1, 1, 1, 1))
    assert read == FeatureView.from_mapping(read.as_mapping())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"window": "4 sec"}, r"window: has the unit 'sec'; it should be one of ns, us, ms, s, min, h, samples"),
        ({"hop": "0 s"}, r"hop: should be above 0"),
        ({"window": 4}, r'window: should be text with a number and a unit, like "4 s"'),
        ({"windw": "4 s"}, r"windw: unknown key; did you mean 'window'\?"),
        ({"name": ""}, r"name: "),
        ({"version": 0}, r"version: "),
        ({"channels": []}, r"channels: should name at least one"),
        ({"channels": ["x", "x"]}, r"channels: 'x' is there twice"),
        ({"kernels": []}, r"kernels: should name at least one"),
        ({"kernels": ["mean", "mean"]}, r"kernels: 'mean' is there twice"),
        ({"kernels": ["men"]}, r"kernels\[0\].kernel: 'men' is unknown; it must be one of 'mean', 'std', 'rms'"),
        ({"kernels": [{"kernel": "mean", "about": "zero"}]}, r"kernels\[0\].about: unknown key"),
        ({"kernels": ["mean", "band_power"]}, r"kernels\[1\].low_hz: missing"),
        ({"kernels": [{"kernel": "band_power", "low_hz": 3, "high_hz": 3}]}, r"high_hz \(3\) should be above low_hz"),
        ({"kernels": [{"kernel": "band_power", "low_hz": -1, "high_hz": 3}]}, r"kernels\[0\].low_hz: "),
        ({"kernels": [{"kernel": "crossings", "about": "median"}]}, r"kernels\[0\].about: should be 'mean' or 'zero'"),
        ({"kernels": [7]}, r"kernels\[0\]: "),
        ({"limits": {"w": [0, 1]}}, r"limits: 'w' is none of the view's channels"),
        ({"limits": {"x": [1, 1]}}, r"limits: x: the lowest value, 1, should be below the highest, 1"),
        ({"kernels": ["raw"]}, r"raw: gives as many values as the window has room for; say the rate"),
        ({"kernels": ["mfcc"]}, r"mfcc: depends on the rate; the view must say it"),
        ({"order": "time"}, r"order: should be 'kernel', 'channel' or 'value'"),
        ({"non_finite": "drop"}, r"non_finite: should be 'skip', 'hold', 'mark' or 'fill'"),
        ({"normalisation": {"mean": [0], "std": [1]}}, r"normalisation: has 1 means; there should be 6"),
        ({"normalisation": {"mean": [0] * 6, "std": [1] * 5}}, r"mean has 6 numbers and std 5"),
        ({"normalisation": {"mean": [0] * 6, "std": [1] * 5 + [0]}}, r"every std finite and above 0"),
    ],
)
def test_every_mistake_is_one_line_that_names_the_key(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        view(**changes)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("feature view: ")


def test_a_mistake_in_a_file_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "view.toml"
    path.write_text(TOML.replace('"4 s"', '"4 sec"'))
    with pytest.raises(ConfigError, match=r"view.toml: window: has the unit 'sec'"):
        FeatureView.from_toml(path)


def test_a_view_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        view().name = "other"  # type: ignore[misc]


def test_the_fingerprint_is_that_of_the_meaning() -> None:
    same = [
        view(),
        view(window="4000 ms"),
        view(version=1, gap="fill"),
        view(kernels=[{"kernel": "mean"}, *DECLARED["kernels"][1:]]),
        view(kernels=[*DECLARED["kernels"][:2], {"kernel": "crossings", "about": "mean"}]),
        FeatureView.from_mapping(dict(reversed(DECLARED.items()))),
    ]
    assert {one.fingerprint for one in same} == {view().fingerprint}


def test_the_fingerprint_differs_for_all_that_decides_the_values() -> None:
    different = [
        view(),
        view(name="other"),
        view(version=2),
        view(channels=["y", "x"]),
        view(window="40 samples"),
        view(hop="2 s"),
        view(kernels=DECLARED["kernels"][:2]),
        view(kernels=DECLARED["kernels"][::-1]),
        view(kernels=["mean", {"kernel": "band_power", "low_hz": 0.5, "high_hz": 4}, "crossings"]),
        view(kernels=["std", *DECLARED["kernels"][1:]]),
        view(non_finite="mark"),
        view(gap="skip"),
        view(saturated="skip"),
        view(limits={"x": [-1, 1]}),
        view(rate="10 Hz"),
        view(order="channel"),
        view().with_normalisation([0] * 6, [1] * 6),
        view().with_normalisation([0] * 6, [1] * 5 + [2]),
    ]
    for one, other in itertools.combinations(different, 2):
        assert one.fingerprint != other.fingerprint


def test_the_fingerprint_is_the_same_on_every_machine() -> None:
    assert view().fingerprint == "a980613688e5418213481847a18ac3c46b0720fba241ba0f6cf80c167af2f5d2"


def test_normalisation_is_computed_in_float64_and_rounded_once() -> None:
    random = np.random.default_rng(0)
    mean, std = random.normal(size=6) * 100, random.uniform(0.1, 9, 6)
    values = random.normal(size=(50, 6)).astype(np.float32) * 300
    normalised = view().with_normalisation(mean, std).normalise(values)
    expected = np.array([[(float(v) - m) / s for v, m, s in zip(row, mean, std, strict=True)] for row in values])
    np.testing.assert_array_equal(normalised, expected.astype(np.float32))
    assert view().normalise(values) is values


def test_a_normalisation_of_another_size_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="feature view motion: normalisation: has 5 means; there should be 6"):
        view().with_normalisation([0] * 5, [1] * 5)
