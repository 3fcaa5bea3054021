from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import DataError
from edge_runtime.quantization.samples import load_samples, match_samples, view_samples
from edge_runtime.stream import save_recording
from support import daemon

SHAPE = {"x": [1, 2, 3]}


def test_one_array_needs_no_name_and_no_shape(tmp_path: Path) -> None:
    values = np.arange(24).reshape(4, 6)
    np.save(tmp_path / "a.npy", values)
    (found,) = match_samples(load_samples(tmp_path / "a.npy"), SHAPE)
    assert found.shape == (4, 1, 2, 3)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.ravel(), values.ravel())


def test_several_inputs_are_matched_by_their_names(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", b=np.zeros((5, 2)), a=np.ones((5, 3)))
    found = match_samples(load_samples(tmp_path / "a.npz"), {"a": [1, 3], "b": [1, 2]})
    assert [array.shape for array in found] == [(5, 1, 3), (5, 1, 2)]


@pytest.mark.parametrize(
    ("arrays", "inputs", "message"),
    [
        ({"y": (5, 7)}, SHAPE, r"7 values .* 'x' takes 6 \(shape \[1, 2, 3\]\)"),
        ({"y": (5, 6), "z": (5, 6)}, SHAPE, r"no array for the input 'x'.* called y, z"),
        ({"a": (5, 1), "b": (4, 1)}, {"a": [1, 1], "b": [1, 1]}, r"inputs have \[4, 5\] samples"),
        ({"y": (0, 6)}, SHAPE, r"inputs have \[0\] samples"),
    ],
)
def test_arrays_that_do_not_fit(
    tmp_path: Path, arrays: dict[str, tuple[int, ...]], inputs: dict[str, list[int]], message: str
) -> None:
    np.savez(tmp_path / "a.npz", **{name: np.zeros(shape) for name, shape in arrays.items()})
    with pytest.raises(DataError, match=message):
        match_samples(load_samples(tmp_path / "a.npz"), inputs)


def test_values_that_are_no_data(tmp_path: Path) -> None:
    for values, message in (
        (np.array(["a"]), "should be numbers"),
        (np.array(1.0), "should be numbers"),
        (np.array([np.nan]), "must be finite"),
        (np.array([object()], dtype=object), "not a .npy or .npz file"),
    ):
        np.save(tmp_path / "a.npy", values, allow_pickle=True)
        with pytest.raises(DataError, match=message):
            load_samples(tmp_path / "a.npy")


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be read .*give a \.npy or \.npz"):
        load_samples(tmp_path / "none.npy")
    (tmp_path / "a.npz").write_bytes(b"PK\3\4 but not really")
    with pytest.raises(DataError, match=r"a\.npz: not a \.npy"):
        load_samples(tmp_path / "a.npz")


VIEW = """
name = "v"
channels = ["x", "y"]
window = "{window}"
hop = "1 s"
kernels = ["mean", "std"]
"""


def test_a_recording_gives_the_features_of_its_windows(tmp_path: Path) -> None:
    save_recording(daemon.recording(20), tmp_path / "day.npz")
    (tmp_path / "view.toml").write_text(VIEW.format(window="2 s"))
    samples = view_samples(tmp_path / "day.npz", tmp_path / "view.toml")
    (found,) = match_samples(samples, {"features": [1, 4]})
    assert len(found) >= 18


def test_a_recording_without_a_whole_window(tmp_path: Path) -> None:
    save_recording(daemon.recording(2), tmp_path / "day.npz")
    (tmp_path / "view.toml").write_text(VIEW.format(window="600 s"))
    with pytest.raises(DataError, match="no whole window"):
        view_samples(tmp_path / "day.npz", tmp_path / "view.toml")
