from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import DataError, ToolError
from edge_runtime.sources import aeon_data_file, read_ts

HEADER = """\
# a comment
@problemName Small
@timeStamps false
@univariate false
@dimensions 2
@equalLength true
@seriesLength 3
@classLabel true up down
@data
"""
GOOD = HEADER + "1,2,3:10,20,30:up\n\n-1,?,-3.5:1e1,.5,0:down\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "small.ts"
    path.write_text(text, encoding="utf-8")
    return path


def test_cases_come_as_the_file_has_them(tmp_path: Path) -> None:
    read = read_ts(write(tmp_path, GOOD))
    expected = [[[1, 10], [2, 20], [3, 30]], [[-1, 10], [np.nan, 0.5], [-3.5, 0]]]
    np.testing.assert_array_equal(read.cases, np.array(expected, np.float32))
    assert read.cases.dtype == np.float32
    assert (read.labels, read.class_names) == (("up", "down"), ("up", "down"))


def test_shapes_are_taken_from_the_first_case_where_the_header_is_silent(tmp_path: Path) -> None:
    text = GOOD.replace("@dimensions 2\n", "").replace("@seriesLength 3\n", "")
    assert read_ts(write(tmp_path, text)).cases.shape == (2, 3, 2)


def test_a_value_beyond_float32_becomes_infinite(tmp_path: Path) -> None:
    assert np.isinf(read_ts(write(tmp_path, GOOD.replace("1e1", "1e300"))).cases[1, 0, 1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no @data line; the file is cut short"),
        (HEADER.replace("@data\n", ""), "no @data line"),
        (HEADER, "no case after @data"),
        ("1,2:up\n" + HEADER, "line 1: data before @data"),
        (HEADER + "1,2,3:4,5,6:left\n", "line 10: the class 'left' is not one of up, down"),
        (HEADER + "1,2,3:4,5,6\n", "line 10: the class '4,5,6' is not one of up, down"),
        (HEADER + "1,2,3:up\n", "line 10: 1 channels; there must be 2"),
        (HEADER + "1,2,3:4,5:up\n", "line 10: a channel of 2 values; there must be 3"),
        (HEADER + "1,2,3:4,5,6:up\n1,2,3,4:4,5,6,7:up\n", "line 11: a channel of 4 values; there must be 3"),
        (HEADER + "1,2,3:4,x,6:up\n", "line 10, channel 1: could not convert string to float: 'x'; values are numbers"),
        (HEADER + "1,2,3:4,,6:up\n", "line 10, channel 1: could not convert"),
        (GOOD.replace("@timeStamps false", "@timeStamps true"), "line 9: @timeStamps is true"),
        (GOOD.replace("@equalLength true", "@equalLength false"), "line 9: @equalLength is false"),
        (GOOD.replace("@classLabel true up down", "@classLabel false"), "line 9: no '@classLabel true CLASS …'"),
        (GOOD.replace("@classLabel true up down\n", ""), "line 8: no '@classLabel true CLASS …'"),
        (GOOD.replace("@dimensions 2", "@dimensions two"), "line 10: the header's @dimensions is 'two'"),
        (GOOD.replace("@seriesLength 3", "@seriesLength 0"), "line 10: the header's @serieslength is '0'"),
    ],
)
def test_a_bad_line_is_refused_by_its_number(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DataError, match=message) as caught:
        read_ts(path)
    assert str(caught.value).startswith(str(path))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "small.ts"
    path.write_bytes(b"@data\n\xff\xfe")
    with pytest.raises(DataError, match="not UTF-8 text at byte 6"):
        read_ts(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.ts: cannot be read: No such file"):
        read_ts(tmp_path / "none.ts")


@pytest.mark.parametrize("split", ["TRAIN", "TEST"])
def test_basic_motions_is_as_its_publishers_describe_it(split: str) -> None:
    if importlib.util.find_spec("aeon") is None:
        pytest.skip("needs: pip install --no-deps aeon")
    read = read_ts(aeon_data_file("BasicMotions", split))
    assert read.cases.shape == (40, 100, 6)
    assert read.class_names == ("Standing", "Running", "Walking", "Badminton")
    assert sorted(read.labels.count(name) for name in read.class_names) == [10] * 4
    assert np.isfinite(read.cases).all()


def test_without_the_package_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ToolError, match="pip install --no-deps aeon"):
        aeon_data_file("BasicMotions", "TRAIN")


def test_an_unknown_data_set_is_refused_with_those_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Spec:
        submodule_search_locations = (str(tmp_path),)

    (tmp_path / "datasets" / "data" / "Known").mkdir(parents=True)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: Spec)
    with pytest.raises(DataError, match=r"aeon has no None_TRAIN.ts; it ships Known"):
        aeon_data_file("None", "TRAIN")
