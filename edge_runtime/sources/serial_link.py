"""Several streams of one serial link, each with channels and a rate of its own, on one grid."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import anyio
import anyio.lowlevel

from edge_runtime.errors import DataError
from edge_runtime.sources.base import Source, SourceCounts
from edge_runtime.sources.line import SerialLine
from edge_runtime.sources.serial_frames import LinkDecoder, StreamDecoder
from edge_runtime.stream.block import Block
from edge_runtime.stream.clockmap import ClockMap
from edge_runtime.stream.resample import Resampler

__all__ = ["LinkStream", "SerialLinkSource"]


@dataclass(frozen=True)
class LinkStream:
    """One of a link's streams.

    Parameters
    ----------
    stream
        Its number in the frames.
    channels, rate_hz
        What it is; a description that the device sends must say the same.
    hold
        Whether a channel keeps its value between two samples, as states do, or is interpolated.
    """

    stream: int
    channels: tuple[str, ...]
    rate_hz: float
    hold: bool = False


class SerialLinkSource(Source):
    """Brings the streams of a device behind one serial port onto the grid of one rate.

    They share the device's clock, so that what it acquired together stays together. Where one of them is missing its
    channels are NaN. Everything else is as with `SerialSource`.

    Parameters
    ----------
    port, baud
        The device's path, and bits a second.
    streams
        What the device sends; other streams of the link are passed over.
    rate_hz
        The grid's rate.
    silence_s
        After so many seconds without a byte the port is opened anew.
    patience_s
        How long a stream that is behind is waited for.

    Attributes
    ----------
    stream_counts
        The blocks, samples and gaps of each stream, before the grid.

    Raises
    ------
    DataError
        If a parameter makes no sense, or a number or a channel is there twice.
    """

    def __init__(
        self,
        port: str,
        streams: Sequence[LinkStream],
        rate_hz: float,
        *,
        baud: int = 115_200,
        silence_s: float = 5.0,
        patience_s: float = 1.0,
    ) -> None:
        numbers = [one.stream for one in streams]
        if not streams or len(set(numbers)) < len(numbers) or not all(0 <= number <= 255 for number in numbers):
            raise DataError(f"serial link: the streams are {numbers}; they must be different, and from 0 to 255")
        if silence_s <= 0:
            raise DataError(f"serial link: silence is {silence_s} s; it must be above 0")
        self.rate_hz = rate_hz
        self.counts = SourceCounts()
        self.stream_counts = tuple(SourceCounts() for _ in streams)
        self._streams = tuple(streams)
        self._resampler = Resampler(
            [one.channels for one in streams],
            [one.rate_hz for one in streams],
            rate_hz,
            hold=[place for place, one in enumerate(streams) if one.hold],
            patience_s=patience_s,
        )
        self.channels = self._resampler.channels
        self._line = SerialLine(port, baud=baud, silence_s=silence_s, counts=self.counts)

    async def blocks(self) -> AsyncIterator[Block]:
        """Yield the grid's blocks as they come, for ever."""
        clock = ClockMap()
        decoder = LinkDecoder(
            [
                StreamDecoder(one.channels, one.rate_hz, stream=one.stream, counts=counts, clock=clock)
                for one, counts in zip(self._streams, self.stream_counts, strict=True)
            ],
            self.counts,
        )
        async with aclosing(self._line.pieces()) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                for place, block in decoder.feed(piece):
                    for merged in self._resampler.push(place, block):
                        await anyio.lowlevel.checkpoint()
                        self.counts.add(merged)
                        yield merged
                # The decoder has just set it anew.
                self.counts.late += self._resampler.late

    async def aclose(self) -> None:
        """Close the port."""
        self._line.close()
