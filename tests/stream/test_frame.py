"""The serial protocol: what is whole comes through once and in order, what is broken is counted."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DataError
from edge_runtime.stream import (
    Deframer,
    Description,
    SampleFrame,
    Sequencer,
    decode_packet,
    encode_description,
    encode_samples,
)
from support.line import NoisyLine


def frame(sequence: int, *, stream: int = 0, count: int = 4) -> SampleFrame:
    values = (np.arange(count * 3) * 37 + sequence * 11).astype("<i2").reshape(count, 3)
    return SampleFrame(stream, 1, sequence, sequence * 1000, values)


@given(
    dtype=st.sampled_from(["<i2", "<i4", "<f4"]),
    count=st.integers(1, 40),
    channels=st.integers(1, 12),
    sequence=st.integers(0, 2**32 - 1),
    device_us=st.integers(0, 2**64 - 1),
    seed=st.integers(0, 99),
)
def test_samples_come_back(dtype: str, count: int, channels: int, sequence: int, device_us: int, seed: int) -> None:
    values = np.random.default_rng(seed).integers(-500, 500, (count, channels)).astype(dtype)
    line = encode_samples(SampleFrame(3, 9, sequence, device_us, values))
    assert line.count(b"\0") == 1
    assert line.endswith(b"\0")
    back = decode_packet(line[:-1])
    assert isinstance(back, SampleFrame)
    assert (back.stream, back.boot, back.sequence, back.device_us) == (3, 9, sequence, device_us)
    assert back.values.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(back.values, values)


def test_a_description_comes_back() -> None:
    given_ = Description(2, 7, 104.0, ("acc_x", "Temperatur °C"), (0.5, 2.0), (0.0, -40.0))
    assert decode_packet(encode_description(given_)[:-1]) == given_


@pytest.mark.parametrize("values", [np.zeros((1, 2)), np.zeros((0, 2), "<i2"), np.zeros((1, 300), "<i2")])
def test_what_no_frame_holds_is_refused(values: np.ndarray) -> None:
    with pytest.raises(DataError, match="it must be int16, int32 or float32"):
        encode_samples(SampleFrame(0, 0, 5, 0, values))


def test_every_single_bit_error_is_found() -> None:
    line = encode_samples(frame(5))[:-1]
    for bit in range(8 * len(line)):
        broken = bytearray(line)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DataError):
            decode_packet(bytes(broken))


@pytest.mark.parametrize("packet", [b"", b"\x01", b"\x05\x01\x02\x03\x04", encode_samples(frame(1))[3:-1]])
def test_what_is_no_packet_is_refused(packet: bytes) -> None:
    with pytest.raises(DataError):
        decode_packet(packet)


@given(cuts=st.lists(st.integers(1, 60), min_size=1, max_size=9), before=st.integers(0, 30))
def test_frames_are_found_in_whatever_pieces_they_come(cuts: list[int], before: int) -> None:
    frames = [frame(n) for n in range(6)]
    data = (b"".join(map(encode_samples, frames)))[before:]
    deframer, got, at = Deframer(), [], 0
    while at < len(data):
        size = cuts[len(got) % len(cuts)]
        got += list(deframer.feed(data[at : at + size]))
        at += size
    # Whoever joins in the middle of a frame misses that one, and it does not count as broken.
    first = 0 if before == 0 else 1
    assert [one.sequence for one in got] == list(range(first, 6))
    assert (deframer.frames, deframer.broken) == (6 - first, 0)


def test_a_line_that_sends_no_zero_takes_no_memory() -> None:
    deframer = Deframer()
    assert list(deframer.feed(b"\0")) == []
    for _ in range(40):
        assert list(deframer.feed(b"\x55" * 65_536)) == []
    got = list(deframer.feed(b"\0" + encode_samples(frame(1))))
    assert [one.sequence for one in got] == [1]
    assert deframer.broken == 1


def play(frames: int, seed: int) -> tuple[NoisyLine, Deframer, list[int], Sequencer[SampleFrame], int]:
    """Send frames over a noisy line, and return what was sent, found, and told in order."""
    line = NoisyLine(seed)
    deframer, sequencer = Deframer(), Sequencer[SampleFrame]()
    got: list[int] = []
    wrong = 0

    def pieces() -> Iterator[bytes]:
        for sequence in range(frames):
            yield from line.send(sequence, encode_samples(frame(sequence)))
        yield line.finish()

    for piece in pieces():
        for packet in deframer.feed(piece):
            assert isinstance(packet, SampleFrame)
            wrong += packet.values.tobytes() != frame(packet.sequence).values.tobytes()
            got += [one.item.sequence for one in sequencer.push(packet.sequence, packet)]
    return line, deframer, got, sequencer, wrong


def check(frames: int, seed: int) -> None:
    line, deframer, got, sequencer, wrong = play(frames, seed)
    intact = sorted(line.intact)
    assert got == intact, "every intact frame once and in order"
    assert wrong == 0, "no broken one taken for good"
    assert deframer.broken == line.broken
    assert deframer.frames == len(intact) + line.repeated_intact
    assert sequencer.duplicates == line.repeated_intact
    assert sequencer.lost == intact[-1] - intact[0] + 1 - len(intact)
    assert len(intact) < frames * 0.95, "the line is noisy"


def test_twenty_thousand_frames_over_a_noisy_line() -> None:
    check(20_000, seed=1)


@pytest.mark.slow
def test_a_million_frames_over_a_noisy_line() -> None:
    check(1_000_000, seed=random.Random(5).randrange(10**6))
