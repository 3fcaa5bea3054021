"""A microphone, where there is one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError, ToolError
from edge_runtime.sources.assemble import Assembler
from edge_runtime.sources.base import Source, SourceCounts
from edge_runtime.stream.block import Block
from edge_runtime.stream.clock import NS_PER_S

__all__ = ["MicrophoneSource"]

MOST_WAITING = 256


class MicrophoneSource(Source):
    """Records sound, from -1 to 1; what PortAudio says was lost is a gap.

    Parameters
    ----------
    channels
        A name for each of the device's channels.
    rate_hz
        Samples per second.
    block_size
        Samples in a block.
    device
        Part of the device's name; None: the system's own choice.

    Raises
    ------
    ToolError
        If sounddevice or PortAudio is not installed.
    DataError
        If a parameter makes no sense.
    """

    def __init__(
        self, channels: Sequence[str], rate_hz: float, *, block_size: int = 512, device: str | None = None
    ) -> None:
        if not (channels and rate_hz > 0 and block_size > 0):
            raise DataError("microphone: it needs channels, and a rate and a block_size above 0")
        self.channels = tuple(channels)
        self.rate_hz = rate_hz
        self.counts = SourceCounts()
        self._block_size = block_size
        self._device = device
        self._package = _package()

    async def blocks(self) -> AsyncIterator[Block]:
        """Yield blocks as they are recorded, for ever."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[tuple[npt.NDArray[np.float32], int, bool]] = asyncio.Queue()
        assembler = Assembler(self.rate_hz, self.counts)

        def record(data: npt.NDArray[np.float32], _frames: int, _time: Any, status: Any) -> None:
            if queue.qsize() >= MOST_WAITING:
                self.counts.dropped += 1
                return
            item = (data.copy(), time.time_ns(), bool(status.input_overflow))
            loop.call_soon_threadsafe(queue.put_nowait, item)

        try:
            stream = self._package.InputStream(
                samplerate=self.rate_hz,
                blocksize=self._block_size,
                channels=len(self.channels),
                dtype="float32",
                device=self._device,
                callback=record,
            )
        except (self._package.PortAudioError, ValueError) as error:
            raise DataError(f"microphone: {error}; `python -m sounddevice` lists what there is") from error
        with stream:
            taken = 0
            while True:
                samples, arrival_ns, lost = await queue.get()
                device_ns = round(taken * NS_PER_S / self.rate_hz)
                taken += len(samples)
                yield assembler.from_device(samples, device_ns=device_ns, arrival_ns=arrival_ns, lost=lost)


def _package() -> Any:
    try:
        import sounddevice  # noqa: PLC0415 - an extra
    except (ImportError, OSError) as error:
        raise ToolError(
            "a microphone needs sounddevice and PortAudio: pip install 'edge-runtime[audio]', and Debian's "
            "libportaudio2"
        ) from error
    return sounddevice
