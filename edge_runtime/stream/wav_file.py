"""Sound in WAV files."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.stream.clock import sample_times
from edge_runtime.stream.recording import Recording

__all__ = ["load_wav"]

NAMES = {1: ("mono",), 2: ("left", "right")}


def load_wav(path: Path, *, start_ns: int = 0) -> Recording:
    """Read PCM of 8 to 32 bits; full scale is from -1 to just below 1, time begins at `start_ns`.

    Channels are ``mono``, or ``left`` and ``right``, or ``0``, ``1`` and so on.

    Raises
    ------
    DataError
        If it cannot be read, or is no PCM.
    """
    try:
        with wave.open(str(path), "rb") as file:
            channels, width, rate, count, *_ = file.getparams()
            raw = np.frombuffer(file.readframes(count), dtype=np.uint8)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except (wave.Error, EOFError, RuntimeError) as error:
        raise DataError(f"{path}: not a WAV file of PCM samples ({error or 'cut short'})") from error
    whole = len(raw) // (width * channels)
    if whole == 0 or rate <= 0:
        raise DataError(f"{path}: has no samples")
    samples = _decode(raw[: whole * width * channels], width).reshape(whole, channels)
    names = NAMES.get(channels, tuple(str(number) for number in range(channels)))
    return Recording(sample_times(0, whole, rate_hz=float(rate), start_ns=start_ns), samples, names, float(rate))


def _decode(raw: npt.NDArray[np.uint8], width: int) -> npt.NDArray[np.float32]:
    if width == 1:
        return (raw.astype(np.float32) - 128) / np.float32(128)
    if width == 2:
        return raw.view("<i2").astype(np.float32) / np.float32(2**15)
    wide = np.zeros((len(raw) // width, 4), dtype=np.uint8)
    wide[:, 4 - width :] = raw.reshape(-1, width)
    return (wide.view("<i4")[:, 0] / 2.0**31).astype(np.float32)
