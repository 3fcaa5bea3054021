from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.errors import DataError
from edge_runtime.stream import Recording, Span, load_recording, sample_times, save_recording


def arrays() -> dict[str, Any]:
    return {
        "t_ns": sample_times(0, 20, rate_hz=50.0),
        "samples": np.arange(40, dtype=np.float32).reshape(20, 2),
        "channels": np.array(["x", "y"]),
    }


def write(folder: Path, **changes: Any) -> Path:
    path = folder / "r.npz"
    np.savez(path, **{key: value for key, value in {**arrays(), **changes}.items() if value is not None})
    return path


@pytest.mark.parametrize("spans", [(), (Span(0, 50, "grün"), Span(50, 90, "b"))])
def test_what_is_saved_comes_back(tmp_path: Path, spans: tuple[Span, ...]) -> None:
    saved = Recording(arrays()["t_ns"], arrays()["samples"], ("x", "y"), 49.5, spans)
    save_recording(saved, tmp_path / "r.npz")
    loaded = load_recording(tmp_path / "r.npz")
    np.testing.assert_array_equal(loaded.t_ns, saved.t_ns)
    np.testing.assert_array_equal(loaded.samples, saved.samples)
    assert (loaded.channels, loaded.rate_hz, loaded.spans) == (saved.channels, saved.rate_hz, saved.spans)


def test_the_rate_is_the_median_of_the_distances_where_it_is_not_given(tmp_path: Path) -> None:
    t_ns = arrays()["t_ns"]
    t_ns[10:] += 1_000_000_000
    assert load_recording(write(tmp_path, t_ns=t_ns)).rate_hz == 50.0


@pytest.mark.parametrize("dtype", [np.float64, np.int16, np.uint8])
def test_samples_of_any_real_type_become_float32(tmp_path: Path, dtype: type) -> None:
    loaded = load_recording(write(tmp_path, samples=arrays()["samples"].astype(dtype)))
    np.testing.assert_array_equal(loaded.samples, arrays()["samples"])
    assert loaded.samples.dtype == np.float32


def test_a_double_beyond_float32_becomes_infinite(tmp_path: Path) -> None:
    samples = arrays()["samples"].astype(np.float64)
    samples[3, 0] = 1e300
    assert np.isinf(load_recording(write(tmp_path, samples=samples)).samples[3, 0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": None}, "no array samples; the file has channels, t_ns"),
        ({"t_ns": None, "channels": None}, "no array t_ns, channels; the file has samples"),
        ({"t_ns": np.arange(20) * 0.1}, r"t_ns is float64; it must be whole nanoseconds"),
        ({"samples": np.zeros((20, 2), complex)}, "samples are complex128; they must be real numbers"),
        ({"samples": np.full((20, 2), None)}, "not an .npz recording, or damaged"),
        ({"t_ns": np.zeros(20, np.int64)}, "time 1 .0 ns. does not come after time 0"),
        ({"t_ns": np.array([4]), "samples": np.zeros((1, 2))}, "one sample alone tells no rate; give rate_hz"),
        ({"rate_hz": np.array([1.0, 2.0])}, r"rate_hz is float64\[2\]; it must be one number"),
        ({"span_label": np.array(["a"])}, "no array span_start_ns, span_end_ns"),
        (
            {"span_start_ns": np.array([1, 2]), "span_end_ns": np.array([2]), "span_label": np.array(["a"])},
            "2 span starts, 1 ends and 1 labels",
        ),
    ],
)
def test_a_file_that_is_no_recording_is_refused_by_name(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = write(tmp_path, **changes)
    with pytest.raises(DataError, match=message) as caught:
        load_recording(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("keep", [0, 10, 100, 500, -30])
def test_a_file_cut_short_is_refused(tmp_path: Path, keep: int) -> None:
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match="damaged"):
        load_recording(path)


def test_a_flipped_byte_is_refused_or_harmless(tmp_path: Path) -> None:
    path = write(tmp_path)
    good = path.read_bytes()
    random = np.random.default_rng(0)
    refused = 0
    for at in random.integers(0, len(good), 300).tolist():
        path.write_bytes(good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :])
        try:
            load_recording(path)
        except DataError:
            refused += 1
    assert refused > 200


def test_a_single_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(DataError, match=r"not an \.npz recording"):
        load_recording(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.npz: cannot be read: No such file"):
        load_recording(tmp_path / "none.npz")


def test_a_folder_that_is_not_there_is_named_when_saving(tmp_path: Path) -> None:
    recording = load_recording(write(tmp_path))
    with pytest.raises(DataError, match="cannot be written: No such file"):
        save_recording(recording, tmp_path / "none" / "r.npz")
