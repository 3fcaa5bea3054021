from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from edge_runtime.config import NearbyPath, Table, parse_table, parse_toml
from edge_runtime.errors import ConfigError
from edge_runtime.units import Duration


class Recording(Table):
    kind: Literal["recording"]
    path: NearbyPath


class Synthetic(Table):
    kind: Literal["synthetic"]
    delay: Duration = 1.0
    channels: tuple[str, ...] = ()


class Pipeline(Table):
    name: str = Field(description="what it is called")
    source: Annotated[Recording | Synthetic, Field(discriminator="kind")]
    sink: tuple[Recording, ...] = ()
    gain: float = 1.0
    pace: float | Literal["max"] = 1.0


GOOD_SOURCE = {"kind": "synthetic"}


def mistake_in(data: dict[str, object]) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_table(data, Pipeline, "p.toml")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("p.toml: ")
    return message.removeprefix("p.toml: ")


def test_a_good_table_is_read() -> None:
    table = parse_table(
        {"name": "a", "source": {"kind": "synthetic", "delay": "5 ms", "channels": ["x", "y"]}, "gain": 2},
        Pipeline,
        "p.toml",
    )
    assert isinstance(table.source, Synthetic)
    assert table.source.delay == 0.005
    assert table.source.channels == ("x", "y")
    assert table.gain == 2.0


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"source": GOOD_SOURCE}, "name: missing; it is required (what it is called)"),
        ({"name": "a", "source": GOOD_SOURCE, "nmae": 1}, "nmae: unknown key; did you mean 'name'?"),
        ({"name": "a", "source": GOOD_SOURCE, "q": 1}, "q: unknown key; known keys: name, source, sink, gain, pace"),
        ({"name": 3, "source": GOOD_SOURCE}, "name: should be a valid string (it is 3)"),
        ({"name": "a", "source": GOOD_SOURCE, "gain": "3"}, 'gain: should be a valid number (it is "3")'),
        ({"name": "a", "source": GOOD_SOURCE, "gain": float("nan")}, "gain: should be a finite number (it is NaN)"),
        (
            {"name": "a", "source": GOOD_SOURCE, "pace": "fast"},
            "pace: should be a valid number or should be 'max' (it is \"fast\")",
        ),
        ({"name": "a", "source": 3}, "source: should be a table (it is 3)"),
        ({"name": "a", "source": {}}, "source: the key 'kind' is missing"),
        (
            {"name": "a", "source": {"kind": "camera"}},
            "source.kind: 'camera' is unknown; it must be one of 'recording', 'synthetic'",
        ),
        (
            {"name": "a", "source": {"kind": "recording", "pth": "x"}},
            "source.path: missing; it is required; source.pth: unknown key; did you mean 'path'?",
        ),
        (
            {"name": "a", "source": {"kind": "synthetic", "channels": ["x", 2]}},
            "source.channels[1]: should be a valid string (it is 2)",
        ),
        (
            {"name": "a", "source": GOOD_SOURCE, "sink": [{"kind": "recording", "path": "p", "paht": 1}]},
            "sink[0].paht: unknown key; did you mean 'path'?",
        ),
        (
            {"name": "a", "source": {"kind": "synthetic", "delay": "5 sec"}},
            "source.delay: has the unit 'sec'; it should be one of ns, us, ms, s, min, h (it is \"5 sec\")",
        ),
        (
            {"a": 1, "b": 2, "c": 3, "name": "a", "source": GOOD_SOURCE, "d": 4, "e": 5},
            "a: unknown key; known keys: name, source, sink, gain, pace; b: unknown key; known keys: name, source, "
            "sink, gain, pace; c: unknown key; known keys: name, source, sink, gain, pace; and 2 more",
        ),
    ],
)
def test_each_mistake_is_one_line_that_says_where_and_what_would_be_right(
    data: dict[str, object], message: str
) -> None:
    assert mistake_in(data) == message


def test_a_nearby_path_starts_at_the_files_folder(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text('name = "a"\nsource = {kind = "recording", path = "data/x.csv"}\n')
    source = parse_toml(file, Pipeline).source
    assert isinstance(source, Recording)
    assert source.path == tmp_path / "data" / "x.csv"


def test_an_absolute_path_stays(tmp_path: Path) -> None:
    table = parse_table(
        {"name": "a", "source": {"kind": "recording", "path": "/x"}}, Pipeline, "p.toml", folder=tmp_path
    )
    assert isinstance(table.source, Recording)
    assert table.source.path == Path("/x")


def test_a_syntax_error_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text('name = "a"\nsource = \n')
    with pytest.raises(ConfigError, match=r"p\.toml: not valid TOML: .*line 2"):
        parse_toml(file, Pipeline)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: No such file"):
        parse_toml(tmp_path / "none.toml", Pipeline)


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8 text at byte 0"):
        parse_toml(file, Pipeline)
