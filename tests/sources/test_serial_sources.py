"""Serial sources over a real pseudo-terminal, which is unplugged and comes back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import DataError
from edge_runtime.sources import LineSource, SerialSource, Source
from edge_runtime.sources.serial_lines import parse_line
from edge_runtime.stream import (
    Block,
    Description,
    Flags,
    SampleFrame,
    check_block,
    encode_description,
    encode_samples,
)
from support.line import NoisyLine
from support.listener import Listener
from support.pty import PluggedDevice
from support.waiting import DEADLINE_S, until

CHANNELS = ("x", "y", "z")
RATE_HZ = 400.0
DESCRIPTION = Description(0, 1, RATE_HZ, CHANNELS, (0.5, 1.0, 1.0), (0.0, 0.0, 10.0))


def frame(sequence: int, *, boot: int = 1) -> bytes:
    values = np.array([[sequence % 1000, 2, 3]] * 4, "<i2")
    return encode_samples(SampleFrame(0, boot, sequence, sequence * 10_000, values))


def test_frames_come_through_with_scale_and_offset(tmp_path: Path) -> None:
    async def run() -> list[Block]:
        device = PluggedDevice(tmp_path / "tty")
        device.plug()
        listener = Listener(SerialSource(str(device.path), CHANNELS, RATE_HZ, silence_s=DEADLINE_S))
        await until(device.is_listened_to)
        device.send(encode_description(DESCRIPTION) + b"".join(frame(n) for n in range(20)))
        await until(lambda: len(listener.blocks) == 20)
        await listener.stop()
        device.unplug()
        return listener.blocks

    blocks = asyncio.run(run())
    for number, block in enumerate(blocks):
        check_block(block, channels=3)
        np.testing.assert_array_equal(block.samples, [[number / 2, 2, 13]] * 4)
        assert block.flags == Flags.NONE


def test_a_noisy_line_that_is_unplugged_and_comes_back(tmp_path: Path) -> None:
    line = NoisyLine(3)

    async def run() -> tuple[Listener, int]:
        device = PluggedDevice(tmp_path / "tty")
        device.plug()
        listener = Listener(SerialSource(str(device.path), CHANNELS, RATE_HZ, silence_s=DEADLINE_S))
        sequence = 0
        for plugged in range(3):
            # The source finds the port, and a whole frame joins it.
            await until(device.is_listened_to)
            device.send(b"\0")
            for _ in range(300):
                for piece in line.send(sequence, frame(sequence)):
                    device.send(piece)
                    await asyncio.sleep(0)
                sequence += 1
            device.send(line.finish())
            counts = listener.source.counts
            await until(
                lambda counts=counts: (
                    (len(listener.blocks), counts.duplicates) == (len(line.intact), line.repeated_intact)
                )
            )
            device.unplug()
            await until(lambda n=plugged: listener.source.counts.reconnects > n)
            if plugged < 2:
                device.plug()
        await listener.stop()
        return listener, sequence

    listener, _ = asyncio.run(run())
    counts = listener.source.counts
    assert len(listener.blocks) == len(line.intact), "every frame that came whole was told once"
    assert counts.reconnects >= 3
    assert counts.duplicates == line.repeated_intact
    assert counts.broken > 0
    assert all(a.t_ns[-1] < b.t_ns[0] for a, b in zip(listener.blocks, listener.blocks[1:], strict=False))
    numbers = [int(block.samples[0, 0]) for block in listener.blocks]
    assert numbers == [n % 1000 for n in sorted(line.intact)]
    gaps = [b for a, b in zip(sorted(line.intact), sorted(line.intact)[1:], strict=False) if b - a > 1]
    assert counts.gaps == len(gaps)
    assert counts.lost == sorted(line.intact)[-1] - sorted(line.intact)[0] + 1 - len(line.intact)


def test_a_device_that_starts_anew_is_a_gap_and_no_duplicate(tmp_path: Path) -> None:
    async def run() -> Listener:
        device = PluggedDevice(tmp_path / "tty")
        device.plug()
        listener = Listener(SerialSource(str(device.path), CHANNELS, RATE_HZ, silence_s=DEADLINE_S))
        await until(device.is_listened_to)
        device.send(b"\0" + b"".join(frame(n) for n in range(50, 60)) + b"".join(frame(n, boot=2) for n in range(10)))
        await until(lambda: len(listener.blocks) == 20)
        await listener.stop()
        return listener

    listener = asyncio.run(run())
    assert [n for n, block in enumerate(listener.blocks) if Flags.GAP in block.flags] == [10]
    assert listener.source.counts.duplicates == 0


def test_a_silent_device_is_noticed_and_its_port_opened_again(tmp_path: Path) -> None:
    async def run() -> Source:
        device = PluggedDevice(tmp_path / "tty")
        device.plug()
        listener = Listener(SerialSource(str(device.path), CHANNELS, RATE_HZ, silence_s=0.1))
        await until(lambda: listener.source.counts.silences >= 2)
        device.send(b"\0")
        await until(lambda: device.send(frame(1)) and bool(listener.blocks))
        await listener.stop()
        return listener.source

    assert asyncio.run(run()).counts.reconnects >= 2


def test_a_device_that_sends_something_else_than_was_declared_ends_the_source(tmp_path: Path) -> None:
    async def run() -> None:
        device = PluggedDevice(tmp_path / "tty")
        device.plug()
        listener = Listener(SerialSource(str(device.path), ("a", "b"), RATE_HZ, silence_s=DEADLINE_S))
        await until(device.is_listened_to)
        device.send(b"\0" + encode_description(DESCRIPTION))
        await asyncio.wait_for(listener.task, DEADLINE_S)

    with pytest.raises(DataError, match=r"the device sends x, y, z at 400 Hz; declared are a, b at 400 Hz"):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("csv", "cut\n1,2,3\n4,,6\nno\n7,8,9,10\n", [[1, 2, 3], [4, np.nan, 6]]),
        (
            "json",
            '{"x": 1, "y": 2, "z": 3}\n{"x": 4, "other": 1, "z": null}\n[1]\n{"x"\n',
            [[1, 2, 3], [4, np.nan, np.nan]],
        ),
    ],
)
def test_lines_of_text_come_through(tmp_path: Path, form: str, text: str, expected: list[list[float]]) -> None:
    async def run() -> Listener:
        device = PluggedDevice(tmp_path / "tty")
        device.plug()
        listener = Listener(LineSource(str(device.path), CHANNELS, 50.0, form=form, silence_s=DEADLINE_S))  # type: ignore[arg-type]
        await until(device.is_listened_to)
        device.send(text.encode())
        await until(lambda: listener.source.counts.samples == 2 and listener.source.counts.broken == 2)
        await listener.stop()
        return listener

    listener = asyncio.run(run())
    np.testing.assert_array_equal(np.concatenate([block.samples for block in listener.blocks]), expected)


@pytest.mark.parametrize("line", ["", "1,2", "1,2,x", "nothing"])
def test_a_line_that_cannot_be_read_says_why(line: str) -> None:
    with pytest.raises(DataError, match="a line"):
        parse_line(line, "csv", CHANNELS)
