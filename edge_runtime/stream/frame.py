r"""The serial protocol: frames of samples, and descriptions of what they are.

`edge_runtime.framing` says what a frame is. Numbers are little-endian. All packets begin with:

====== ======== ================================================================
offset type     meaning
====== ======== ================================================================
0      u8       protocol, 0x45 ("E")
1      u8       kind: 1 samples, 2 description (3 and 4: `edge_runtime.telemetry.serial`)
2      u8       stream: one link carries up to 256, each with its channels and rate
3      u8       boot: another number each time the device starts
====== ======== ================================================================

Samples go on with:

====== ======== ================================================================
4      u32      sequence: counts this stream's sample frames from 0, modulo 2**32
8      u64      device time of the first sample, in microseconds from any zero
16     u16      n, how many samples
18     u8       c, how many channels
19     u8       format: 0 int16, 1 int32, 2 float32
20     n * c    values, sample after sample, channel after channel
====== ======== ================================================================

A description, sent now and then (once a second is usual), goes on with:

====== ======== ================================================================
4      f64      rate in hertz
12     u8       c, how many channels
13     c times  f32 scale, f32 offset, u8 length of the name, the name in UTF-8;
                a value in its unit is ``scale * value + offset``
====== ======== ================================================================

``edge_frame.h`` beside the serial example writes the same in C.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.framing import close_frame, open_frame

__all__ = ["Description", "Packet", "SampleFrame", "decode_packet", "encode_description", "encode_samples"]

PROTOCOL = 0x45
SAMPLES, DESCRIPTION = 1, 2
FORMATS = (np.dtype("<i2"), np.dtype("<i4"), np.dtype("<f4"))
HEAD = struct.Struct("<BBBB")
SAMPLE_HEAD = struct.Struct("<BBBBIQHBB")
DESCRIPTION_HEAD = struct.Struct("<BBBBdB")
CHANNEL = struct.Struct("<ffB")


@dataclass(frozen=True)
class SampleFrame:
    """Samples as a device sent them.

    Parameters
    ----------
    stream, boot, sequence
        Where the frame belongs.
    device_us
        The device's time of the first sample, in microseconds.
    values
        int16, int32 or float32[n, channels], not scaled yet.
    """

    stream: int
    boot: int
    sequence: int
    device_us: int
    values: npt.NDArray[np.generic]


@dataclass(frozen=True)
class Description:
    """What a stream is.

    Parameters
    ----------
    stream, boot
        Which stream, of which start of the device.
    rate_hz
        Its nominal rate.
    channels
        The channels' names.
    scale, offset
        Of each channel: ``scale * value + offset`` is in the channel's unit.
    """

    stream: int
    boot: int
    rate_hz: float
    channels: tuple[str, ...]
    scale: tuple[float, ...]
    offset: tuple[float, ...]


Packet = SampleFrame | Description


def encode_samples(frame: SampleFrame) -> bytes:
    """Return a frame as it goes over the line, with its zero at the end.

    Raises
    ------
    DataError
        If the values have another type, or more samples or channels than a frame holds.

    Examples
    --------
    >>> frame = SampleFrame(stream=0, boot=1, sequence=7, device_us=10, values=np.zeros((2, 3), "<i2"))
    >>> decode_packet(encode_samples(frame)[:-1]).sequence
    7
    """
    dtype = frame.values.dtype.newbyteorder("<")
    count, channels = frame.values.shape
    if dtype not in FORMATS or not (1 <= count <= 0xFFFF and 1 <= channels <= 0xFF):
        raise DataError(
            f"frame {frame.sequence}: {frame.values.dtype}[{count}, {channels}]; it must be int16, int32 or "
            "float32, of up to "
            "65,535 samples of up to 255 channels"
        )
    head = SAMPLE_HEAD.pack(
        PROTOCOL,
        SAMPLES,
        frame.stream,
        frame.boot,
        frame.sequence,
        frame.device_us,
        count,
        channels,
        FORMATS.index(dtype),
    )
    return close_frame(head + frame.values.astype(dtype).tobytes())


def encode_description(description: Description) -> bytes:
    """Return a description as it goes over the line, with its zero at the end."""
    parts = [
        DESCRIPTION_HEAD.pack(
            PROTOCOL,
            DESCRIPTION,
            description.stream,
            description.boot,
            description.rate_hz,
            len(description.channels),
        )
    ]
    for name, scale, offset in zip(description.channels, description.scale, description.offset, strict=True):
        encoded = name.encode()
        parts.append(CHANNEL.pack(scale, offset, len(encoded)) + encoded)
    return close_frame(b"".join(parts))


def decode_packet(encoded: bytes) -> Packet:
    """Read what lay between two zeros.

    Raises
    ------
    DataError
        If it is not a whole packet of this protocol: cut, changed, or of another kind.
    """
    packet = open_frame(encoded)
    if len(packet) < HEAD.size:
        raise DataError(f"frame of {len(encoded)} bytes: too short")
    protocol, kind, _, _ = HEAD.unpack_from(packet)
    if protocol == PROTOCOL and kind == SAMPLES:
        return _read_samples(packet)
    if protocol == PROTOCOL and kind == DESCRIPTION:
        return _read_description(packet)
    raise DataError(f"frame of {len(encoded)} bytes: protocol {protocol}, kind {kind} is not known")


def _read_samples(packet: bytes) -> SampleFrame:
    try:
        _, _, stream, boot, sequence, device_us, count, channels, code = SAMPLE_HEAD.unpack_from(packet)
        dtype = FORMATS[code]
    except (struct.error, IndexError) as error:
        raise DataError(f"sample frame: its head makes no sense ({error})") from error
    wanted = count * channels * dtype.itemsize
    if len(packet) - SAMPLE_HEAD.size != wanted or wanted == 0:
        raise DataError(f"sample frame {sequence}: {count} samples of {channels} channels do not take its bytes")
    values = np.frombuffer(packet, dtype, offset=SAMPLE_HEAD.size).reshape(count, channels)
    return SampleFrame(stream, boot, sequence, device_us, values)


def _read_description(packet: bytes) -> Description:
    try:
        _, _, stream, boot, rate_hz, count = DESCRIPTION_HEAD.unpack_from(packet)
        at, names, scales, offsets = DESCRIPTION_HEAD.size, [], [], []
        for _ in range(count):
            scale, offset, length = CHANNEL.unpack_from(packet, at)
            at += CHANNEL.size + length
            names.append(packet[at - length : at].decode())
            scales.append(scale)
            offsets.append(offset)
    except (struct.error, UnicodeDecodeError) as error:
        raise DataError(f"description: cannot be read ({error})") from error
    if at != len(packet) or count == 0 or len(set(names)) != count or not (np.isfinite(rate_hz) and rate_hz > 0):
        raise DataError(f"description of stream {stream}: {count} channels at {rate_hz} Hz make no sense")
    return Description(stream, boot, rate_hz, tuple(names), tuple(scales), tuple(offsets))
