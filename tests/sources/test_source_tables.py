"""Sources out of pipeline files, and those of other packages."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import anyio
import pytest

from edge_runtime.config import Table, parse_table
from edge_runtime.errors import ConfigError, DataError
from edge_runtime.sources import AnySourceTable, MergedSource, Source, SyntheticSource, tables


class File(Table):
    source: AnySourceTable


def opened(**keys: Any) -> Source:
    return parse_table({"source": keys}, File, "p.toml").source.open()


def ramp(*, rate: float, blocks: int = 3) -> Source:
    """What another package would bring."""
    return SyntheticSource(["ramp"], rate, blocks=blocks, noise=0.0, signal=lambda index: index[:, None])


@pytest.fixture
def other_package(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = EntryPoint("ramp", f"{__name__}:ramp", tables.GROUP)

    def entry_points(*, group: str, name: str | None = None) -> list[EntryPoint]:
        return [mine] if group == tables.GROUP and name in (None, "ramp") else []

    class Loaded:
        name, value = mine.name, mine.value

        @staticmethod
        def load() -> Any:
            return ramp

    monkeypatch.setattr(tables, "entry_points", lambda **asked: [Loaded] if entry_points(**asked) else [])


@pytest.mark.parametrize(
    "keys",
    [
        {"kind": "synthetic", "channels": ["x"], "rate": "10 Hz"},
        {"kind": "synthetic", "model": "bearing", "rate": "10 kHz", "fault": "inner", "shaft": "25 Hz"},
        {"kind": "synthetic", "model": "motion", "rate": "50 Hz", "gait": "running"},
        {"kind": "serial", "port": "/dev/none", "channels": ["x"], "rate": "10 Hz"},
        {"kind": "serial", "format": "csv", "port": "/dev/none", "channels": ["x"], "rate": "10 Hz"},
        {"kind": "mqtt", "host": "h", "topic": "a/#", "channels": ["x"], "rate": "10 Hz", "client": "me"},
        {"kind": "host", "channels": ["load_1min"], "rate": "1 Hz"},
    ],
    ids=lambda keys: "-".join([keys["kind"], keys.get("model", keys.get("format", ""))]),
)
def test_every_kind_opens(keys: dict[str, Any]) -> None:
    source = opened(**keys)
    assert source.rate_hz > 0
    anyio.run(source.aclose)


def test_a_merged_source_is_made_of_others() -> None:
    parts = [
        {"kind": "synthetic", "channels": ["x"], "rate": "100 Hz"},
        {"kind": "synthetic", "channels": ["y"], "rate": "10 Hz"},
    ]
    source = opened(kind="merged", rate="50 Hz", sources=parts, hold=[1])
    assert isinstance(source, MergedSource)
    assert source.channels == ("x", "y")


@pytest.mark.usefixtures("other_package")
def test_another_packages_source_joins_by_its_name() -> None:
    async def first() -> list[float]:
        async for block in opened(kind="ramp", rate=10.0).blocks():
            return [float(value) for value in block.samples[:3, 0]]
        return []

    assert anyio.run(first) == [0, 1, 2]


@pytest.mark.usefixtures("other_package")
@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "rampe"}, r"source\.kind: 'rampe' is unknown; it must be one of 'recording', .*'ramp'"),
        ({}, r"source\.kind: missing"),
        ({"kind": "ramp", "rte": 1}, "source of kind 'ramp': .*unexpected keyword argument 'rte'"),
        ({"kind": "synthetic", "rate": "10 Hz"}, "source: channels: missing; sines need their channels' names"),
        ({"kind": "synthetic", "rate": "9 Hz", "model": "motion", "channels": ["x"]}, "the model has its own"),
        (
            {"kind": "merged", "rate": "9 Hz", "sources": [{"kind": "merged"}]},
            r"sources\[0\]: a merged source cannot hold another",
        ),
        ({"kind": "serial", "channels": ["x"], "rate": "9 Hz"}, r"source\.port: missing; it is required \(the device"),
        ({"kind": "iio", "device": "none", "channels": ["x"], "rate": "9 Hz"}, "there is no iio device none"),
    ],
)
def test_a_mistake_is_one_line(keys: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, DataError), match=message) as caught:
        opened(**keys)
    assert "\n" not in str(caught.value)
