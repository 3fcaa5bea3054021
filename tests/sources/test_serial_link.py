"""Several streams with rates of their own on one serial link, over a real pseudo-terminal."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.config import parse_table
from edge_runtime.errors import ConfigError, DataError
from edge_runtime.sources import LinkStream, SerialLinkSource
from edge_runtime.sources.tables import SerialTable
from edge_runtime.stream import Description, SampleFrame, check_block, encode_description, encode_samples
from support.listener import Listener
from support.pty import PluggedDevice
from support.waiting import DEADLINE_S, until

FAST, SLOW = LinkStream(0, ("x", "y"), 400.0), LinkStream(3, ("t",), 50.0, hold=True)


def fast(sequence: int) -> bytes:
    """Eight samples, 20 ms: x counts, y is twice that."""
    counted = np.arange(sequence * 8, (sequence + 1) * 8)
    return encode_samples(
        SampleFrame(0, 1, sequence, sequence * 20_000, np.stack([counted, 2 * counted], 1).astype("<i2"))
    )


def slow(sequence: int) -> bytes:
    """One sample, at the end of which the fast stream has had eight."""
    return encode_samples(SampleFrame(3, 1, sequence, sequence * 20_000, np.array([[100 + sequence]], "<i2")))


def descriptions() -> bytes:
    return encode_description(Description(0, 1, 400.0, ("x", "y"), (1.0, 0.5), (0.0, 0.0))) + encode_description(
        Description(3, 1, 50.0, ("t",), (1.0,), (-100.0,))
    )


def link(device: PluggedDevice) -> SerialLinkSource:
    return SerialLinkSource(str(device.path), [FAST, SLOW], 400.0, silence_s=DEADLINE_S)


class HostClock:
    """Stands in for the host's clock where bytes come in: it goes with the device's, and counts the looks at it."""

    def __init__(self) -> None:
        self.now_ns, self.looks = time.time_ns(), 0

    def time_ns(self) -> int:
        self.looks += 1
        return self.now_ns


def sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, messages: list[bytes], *, samples: tuple[int, int]
) -> Listener:
    """Send over the terminal, each message at its time by both clocks, and return what came: so many samples."""
    clock = HostClock()
    monkeypatch.setattr("edge_runtime.sources.line.time", clock)

    async def run() -> Listener:
        device = PluggedDevice(tmp_path / "tty")
        device.plug()
        listener = Listener(link(device))
        await until(device.is_listened_to)
        for message in [b"\0" + descriptions(), *messages]:
            looks = clock.looks
            device.send(message)
            await until(lambda looks=looks: clock.looks > looks)
            clock.now_ns += 20_000_000
        source = listener.source
        assert isinstance(source, SerialLinkSource)
        await until(lambda: tuple(counts.samples for counts in source.stream_counts) == samples)
        await listener.stop()
        device.unplug()
        return listener

    return asyncio.run(run())


def test_two_rates_of_one_link_come_onto_one_grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 75
    messages = [slow(n) + fast(n) for n in range(count)]
    listener = sent(tmp_path, monkeypatch, messages, samples=(8 * count, count))
    source = listener.source
    assert isinstance(source, SerialLinkSource)
    assert source.channels == ("x", "y", "t")
    for block in listener.blocks:
        check_block(block, channels=3)
    samples = np.concatenate([block.samples for block in listener.blocks])
    x, y, t = samples.T
    np.testing.assert_allclose(y, x, atol=1e-3, err_msg="the scale of each channel")
    # Both have the device's clock: a slow sample is the value for the eight fast ones from then on. A few are off
    # while the distance of the clocks is being learnt, which takes longer on a busy machine.
    assert np.mean(np.abs(t - x / 8 + 0.5) < 0.51) > 0.8
    assert np.nanmin(np.diff(x)) >= -1e-3
    assert [counts.samples for counts in source.stream_counts] == [8 * count, count]
    assert (source.counts.broken, source.counts.lost, source.counts.duplicates) == (0, 0, 0)


def test_what_one_stream_lacks_is_nan_and_the_other_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = set(range(20, 40))
    messages = [slow(n) + (b"" if n in missing else fast(n)) for n in range(70)]
    listener = sent(tmp_path, monkeypatch, messages, samples=(8 * (70 - len(missing)), 70))
    samples = np.concatenate([block.samples for block in listener.blocks])
    assert listener.source.counts.lost == len(missing)
    assert np.isnan(samples[:, 0]).sum() == pytest.approx(8 * len(missing), abs=12)
    assert not np.isnan(samples[:, 2]).any()


def test_damage_is_counted_once_for_the_whole_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [slow(n) + fast(n) for n in range(60)]
    broken = bytearray(messages[30])
    broken[-6] ^= 0x10
    messages[30] = bytes(broken)
    repeated = [*messages[:40], messages[39], *messages[40:]]
    listener = sent(tmp_path, monkeypatch, repeated, samples=(8 * 59, 60))
    counts = listener.source.counts
    assert (counts.broken, counts.lost, counts.duplicates) == (1, 1, 2)
    assert any(np.isnan(block.samples[:, 0]).any() for block in listener.blocks)


def test_a_stream_that_is_something_else_than_declared_ends_the_source(tmp_path: Path) -> None:
    async def run() -> None:
        device = PluggedDevice(tmp_path / "tty")
        device.plug()
        listener = Listener(link(device))
        await until(device.is_listened_to)
        device.send(b"\0" + encode_description(Description(3, 1, 60.0, ("t",), (1.0,), (0.0,))))
        await asyncio.wait_for(listener.task, DEADLINE_S)

    with pytest.raises(DataError, match="serial stream 3: the device sends t at 60 Hz; declared are t at 50 Hz"):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "give either channels, or streams"),
        (
            {"channels": ["a"], "streams": [{"stream": 0, "channels": ["a"], "rate": "1 Hz"}]},
            "give either channels, or",
        ),
        ({"format": "csv", "streams": [{"stream": 0, "channels": ["a"], "rate": "1 Hz"}]}, "only format"),
    ],
)
def test_a_table_has_one_stream_or_several(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_table({"kind": "serial", "port": "/dev/null", "rate": "10 Hz", **changes}, SerialTable, "p.toml")


def test_a_table_with_several_streams_opens_the_link() -> None:
    streams = [
        {"stream": 0, "channels": ["x", "y"], "rate": "400 Hz"},
        {"stream": 3, "channels": ["t"], "rate": "50 Hz", "hold": True},
    ]
    table = parse_table({"kind": "serial", "port": "/dev/null", "rate": "400 Hz", "streams": streams}, SerialTable, "p")
    opened = table.open()
    assert isinstance(opened, SerialLinkSource)
    assert (opened.channels, opened.rate_hz) == (("x", "y", "t"), 400.0)


def test_streams_with_one_number_are_refused() -> None:
    with pytest.raises(DataError, match=r"the streams are \[0, 0\]; they must be different"):
        SerialLinkSource("/dev/null", [FAST, LinkStream(0, ("z",), 1.0)], 400.0)
