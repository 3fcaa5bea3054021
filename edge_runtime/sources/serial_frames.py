"""A device that sends frames of the project's own serial protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing

import anyio
import anyio.lowlevel
import numpy as np

from edge_runtime.errors import DataError
from edge_runtime.sources.assemble import Assembler
from edge_runtime.sources.base import Source, SourceCounts
from edge_runtime.sources.line import Piece, SerialLine
from edge_runtime.stream.block import Block
from edge_runtime.stream.channels import check_channel_names
from edge_runtime.stream.clockmap import ClockMap
from edge_runtime.stream.deframer import Deframer
from edge_runtime.stream.frame import Description, SampleFrame
from edge_runtime.stream.sequence import InOrder, Sequencer

__all__ = ["LinkDecoder", "SerialSource", "StreamDecoder"]

NS_PER_US = 1000


class StreamDecoder:
    """Makes one stream's blocks of a link's packets.

    Parameters
    ----------
    channels, rate_hz
        What the stream is declared to be.
    stream
        Which of the link's streams.
    counts
        Where its blocks and samples are counted.
    clock
        The device's clock, which all its streams share; None: one for this stream alone.

    Attributes
    ----------
    misfits
        Frames with another number of channels.
    """

    def __init__(
        self,
        channels: Sequence[str],
        rate_hz: float,
        *,
        stream: int,
        counts: SourceCounts,
        clock: ClockMap | None = None,
    ) -> None:
        self.stream = stream
        self.misfits = 0
        self.sequencer = Sequencer[SampleFrame]()
        self._channels = tuple(channels)
        self._rate_hz = rate_hz
        self._assembler = Assembler(rate_hz, counts, clock=clock)
        self._boot: int | None = None
        self._scale = np.ones(len(channels))
        self._offset = np.zeros(len(channels))

    def take(self, packet: Description | SampleFrame, arrival_ns: int) -> Iterator[Block]:
        """Take in a packet of this stream, and yield the blocks that it completes.

        Raises
        ------
        DataError
            If the device says that the stream is something else than was declared.
        """
        if isinstance(packet, Description):
            self._describe(packet)
        else:
            yield from self._take(packet, arrival_ns)

    def _take(self, frame: SampleFrame, arrival_ns: int) -> Iterator[Block]:
        if frame.values.shape[1] != len(self._channels):
            self.misfits += 1
            return
        if frame.boot != self._boot:
            if self._boot is not None:
                self.sequencer.restart()
                self._assembler.restart()
            self._boot = frame.boot
        for one in self.sequencer.push(frame.sequence, frame):
            yield self._assemble(one, arrival_ns)

    def _assemble(self, one: InOrder[SampleFrame], arrival_ns: int) -> Block:
        samples = (one.item.values.astype(np.float64) * self._scale + self._offset).astype(np.float32)
        device_ns = one.item.device_us * NS_PER_US
        return self._assembler.from_device(samples, device_ns=device_ns, arrival_ns=arrival_ns, lost=one.lost > 0)

    def _describe(self, description: Description) -> None:
        if description.channels != self._channels or description.rate_hz != self._rate_hz:
            raise DataError(
                f"serial stream {self.stream}: the device sends {', '.join(description.channels)} at "
                f"{description.rate_hz:g} Hz; declared are {', '.join(self._channels)} at {self._rate_hz:g} Hz"
            )
        self._scale = np.array(description.scale)
        self._offset = np.array(description.offset)


class LinkDecoder:
    """Makes blocks of the bytes of a link, wherever they come from.

    Parameters
    ----------
    streams
        Those that are wanted; packets of others are passed over.
    counts
        Where is counted what is broken, lost, late or there twice, of all of them together.
    """

    def __init__(self, streams: Sequence[StreamDecoder], counts: SourceCounts) -> None:
        self._streams = {decoder.stream: (number, decoder) for number, decoder in enumerate(streams)}
        self._counts = counts
        self._deframer = Deframer()

    def feed(self, piece: Piece) -> Iterator[tuple[int, Block]]:
        """Take in bytes, and yield the blocks that they complete, each with its stream's place among `streams`.

        Raises
        ------
        DataError
            If the device says that a stream is something else than was declared.
        """
        if piece.joined:
            self._deframer.reset()
        for packet in self._deframer.feed(piece.data):
            if packet.stream in self._streams:
                number, decoder = self._streams[packet.stream]
                for block in decoder.take(packet, piece.arrival_ns):
                    yield number, block
        self._count()

    def _count(self) -> None:
        decoders = [decoder for _, decoder in self._streams.values()]
        self._counts.broken = self._deframer.broken + sum(one.misfits for one in decoders)
        self._counts.lost = sum(one.sequencer.lost for one in decoders)
        self._counts.late = sum(one.sequencer.late for one in decoders)
        self._counts.duplicates = sum(one.sequencer.duplicates for one in decoders)


class SerialSource(Source):
    """One stream of a device behind a serial port; frames as `edge_runtime.stream.frame` defines them.

    Broken frames and frames that come twice are left out and counted; frames that are missing are a gap. A port that is
    unplugged or silent is opened anew, for as long as it takes. Times are the device's, in terms of the host's clock.

    Parameters
    ----------
    port, baud
        The device's path, and bits a second.
    channels, rate_hz
        What the stream is; a description that the device sends must say the same, and gives scale and offset.
    stream
        Which of the link's streams.
    silence_s
        After so many seconds without a byte the port is opened anew.

    Raises
    ------
    DataError
        If a parameter makes no sense.
    """

    def __init__(
        self,
        port: str,
        channels: Sequence[str],
        rate_hz: float,
        *,
        baud: int = 115_200,
        stream: int = 0,
        silence_s: float = 5.0,
    ) -> None:
        check_channel_names(channels, where="serial source")
        if not (np.isfinite(rate_hz) and rate_hz > 0 and silence_s > 0 and 0 <= stream <= 255):
            raise DataError(
                f"serial source: the rate is {rate_hz} Hz, silence {silence_s} s, stream {stream}; the first two must "
                "be above 0, the stream from 0 to 255"
            )
        self.channels = tuple(channels)
        self.rate_hz = rate_hz
        self.counts = SourceCounts()
        self._stream = stream
        self._line = SerialLine(port, baud=baud, silence_s=silence_s, counts=self.counts)

    async def blocks(self) -> AsyncIterator[Block]:
        """Yield blocks as they come, for ever."""
        stream = StreamDecoder(self.channels, self.rate_hz, stream=self._stream, counts=self.counts)
        decoder = LinkDecoder([stream], self.counts)
        async with aclosing(self._line.pieces()) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                for _, block in decoder.feed(piece):
                    await anyio.lowlevel.checkpoint()
                    yield block

    async def aclose(self) -> None:
        """Close the port."""
        self._line.close()
