"""Recordings in files of every format."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from mcap.reader import make_reader

from edge_runtime.errors import DataError
from edge_runtime.stream import Block, Flags, Recording, Span, load_recording, sample_times, save_recording
from edge_runtime.stream.mcap_file import McapWriter

CHANNELS = ("x", "y")


def recording(count: int = 300) -> Recording:
    samples = np.random.default_rng(0).normal(size=(count, 2)).astype(np.float32)
    samples[5, 0], samples[6, 1], samples[7, 1] = np.nan, np.inf, -np.inf
    t_ns = sample_times(0, count, rate_hz=104.0, start_ns=10**18)
    t_ns[100:] += 10**9
    spans = (Span(int(t_ns[10]), int(t_ns[50]), "calm"), Span(int(t_ns[60]), int(t_ns[90]), "wild"))
    return Recording(t_ns, samples, CHANNELS, 104.0, spans)


@pytest.mark.parametrize("suffix", [".mcap", ".npz"])
def test_what_is_written_comes_back_to_the_bit(tmp_path: Path, suffix: str) -> None:
    whole = recording()
    save_recording(whole, tmp_path / f"r{suffix}")
    back = load_recording(tmp_path / f"r{suffix}")
    assert back.samples.tobytes() == whole.samples.tobytes()
    np.testing.assert_array_equal(back.t_ns, whole.t_ns)
    assert (back.channels, back.rate_hz, back.spans) == (whole.channels, whole.rate_hz, whole.spans)


def test_the_mcap_packages_own_reader_finds_an_index_schemas_and_times(tmp_path: Path) -> None:
    save_recording(recording(), tmp_path / "r.mcap")
    with (tmp_path / "r.mcap").open("rb") as file:
        reader = make_reader(file)
        summary = reader.get_summary()
        assert summary is not None
        assert len(summary.chunk_indexes) >= 1
        assert {schema.encoding for schema in summary.schemas.values()} == {"jsonschema"}
        assert summary.statistics is not None
        assert summary.statistics.message_count == 302
        first = next(reader.iter_messages(topics=["/samples"]))
        assert first[2].log_time == 10**18


def test_of_a_file_whose_end_is_missing_what_is_whole_is_read(tmp_path: Path) -> None:
    path = tmp_path / "r.mcap"
    writer = McapWriter(path, ("x",), 1000.0)
    for first in range(0, 200_000, 1000):
        t_ns = sample_times(first, 1000, rate_hz=1000.0)
        writer.write(Block(t_ns, np.arange(first, first + 1000, dtype=np.float32)[:, None], first // 1000))
    writer.close()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    back = load_recording(path)
    assert 10_000 < len(back) < 200_000
    np.testing.assert_array_equal(back.samples[:, 0], np.arange(len(back)))


def test_flags_are_told_in_the_file(tmp_path: Path) -> None:
    with McapWriter(tmp_path / "r.mcap", ("x",), 10.0) as writer:
        block = Block(sample_times(0, 2, rate_hz=10.0), np.zeros((2, 1), np.float32), 0, Flags.GAP | Flags.SATURATED)
        writer.write(block)
    with (tmp_path / "r.mcap").open("rb") as file:
        told = [message.data for _, _, message in make_reader(file).iter_messages()]
    assert told == [b'{"x": 0.0, "flags": 5}', b'{"x": 0.0, "flags": 4}']


@pytest.mark.parametrize(
    ("text", "rate_hz", "expected_ns"),
    [
        ("t_ns,x,y\n0,1,2\n10,3,\n20,5,6\n", 1e8, [0, 10, 20]),
        ("t,x,y\n0.5,1,2\n0.6,3,\n0.7,5,6\n", 10.0, [500_000_000, 600_000_000, 700_000_000]),
    ],
)
def test_csv_files_have_times(tmp_path: Path, text: str, rate_hz: float, expected_ns: list[int]) -> None:
    (tmp_path / "r.csv").write_text(text)
    back = load_recording(tmp_path / "r.csv")
    assert back.t_ns.tolist() == expected_ns
    assert back.rate_hz == pytest.approx(rate_hz)
    np.testing.assert_array_equal(back.samples, [[1, 2], [3, np.nan], [5, 6]])


def test_csv_labels_become_spans_and_a_rate_stands_for_times(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("x,label\n1,a\n2,a\n3,\n4,b\n")
    back = load_recording(tmp_path / "r.csv", rate_hz=10.0)
    assert back.spans == (Span(0, 200_000_000, "a"), Span(300_000_000, 300_000_001, "b"))


def test_parquet_files_come_in(tmp_path: Path) -> None:
    table = pyarrow.table(
        {"t_ns": [0, 10, 20], "x": [1.5, None, 3.0], "name": ["a", "b", "c"], "label": ["u", "u", None]}
    )
    pyarrow.parquet.write_table(table, tmp_path / "r.parquet")
    back = load_recording(tmp_path / "r.parquet")
    assert back.channels == ("x",)
    np.testing.assert_array_equal(back.samples, [[1.5], [np.nan], [3.0]])
    assert back.spans == (Span(0, 20, "u"),)


@pytest.mark.parametrize(("width", "tolerance"), [(1, 2**-7), (2, 2**-15), (3, 2**-23), (4, 2**-23)])
def test_wav_files_of_every_width(tmp_path: Path, width: int, tolerance: float) -> None:
    wanted = np.array([[0.0, -1.0], [0.5, 0.25], [-0.5, 0.75]])
    whole = np.round(wanted * 2 ** (8 * width - 1)).astype(np.int64)
    data = (
        (whole + 128).astype(np.uint8).tobytes()
        if width == 1
        else b"".join(int(value).to_bytes(width, "little", signed=True) for value in whole.ravel())
    )
    with wave.open(str(tmp_path / "r.wav"), "wb") as file:
        file.setparams((2, width, 16_000, 0, "NONE", ""))
        file.writeframes(data)
    back = load_recording(tmp_path / "r.wav")
    assert (back.channels, back.rate_hz) == (("left", "right"), 16_000.0)
    np.testing.assert_allclose(back.samples, wanted, atol=tolerance)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("r.csv", "", "is empty"),
        ("r.csv", "x\n1\n", "there is no column t_ns or t; give the rate"),
        ("r.csv", "t,x\n0,1\n1\n", "line 3 has 1 fields; there should be 2"),
        ("r.csv", "t,x\n0,1\n1,one\n", "line 3, column x"),
        ("r.csv", "t_ns,x\n0.5,1\n", "line 2, column t_ns"),
        ("r.csv", "t,x\n1,1\n0,1\n", "rate"),
        ("r.mcap", "nothing", "not an MCAP file"),
        ("r.wav", "nothing", "not a WAV file"),
        ("r.parquet", "nothing", "cannot be read as Parquet"),
        ("r.txt", "nothing", r"the suffix '.txt' is no recording's; it must be one of .mcap"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message) as caught:
        load_recording(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize("suffix", [".mcap", ".npz", ".csv", ".wav", ".parquet"])
def test_a_missing_file_is_named(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(DataError, match=f"none{suffix}"):
        load_recording(tmp_path / f"none{suffix}")
