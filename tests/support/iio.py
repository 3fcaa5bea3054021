"""A sysfs tree and a character device like those of the kernel's IIO, in a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

__all__ = ["FILES", "buffered", "make_device"]

FILES = {
    "name": "acc",
    "in_accel_x_raw": "-100",
    "in_accel_y_raw": "40",
    "in_accel_scale": "0.5",
    "in_accel_y_offset": "8",
    "sampling_frequency": "10",
    "scan_elements/in_accel_x_en": "0",
    "scan_elements/in_accel_y_en": "0",
    "scan_elements/in_accel_x_type": "le:s12/16>>4",
    "scan_elements/in_accel_y_type": "be:u8/8>>0",
    "scan_elements/in_accel_x_index": "0",
    "scan_elements/in_accel_y_index": "1",
    "buffer/enable": "0",
    "buffer/length": "2",
}


def make_device(folder: Path) -> None:
    """An accelerometer: x signed, 12 bits in 16, y unsigned, one byte; a common scale, and an offset for y."""
    device = folder / "sys" / "iio:device0"
    for name, text in FILES.items():
        (device / name).parent.mkdir(parents=True, exist_ok=True)
        (device / name).write_text(text + "\n")
    (folder / "dev").mkdir()


def buffered(samples: int) -> bytes:
    """What the buffer gives: x counts from -samples // 2, y from 0; frames of four bytes, the last one idle."""
    table = np.zeros((samples, 4), np.uint8)
    table[:, :2] = ((np.arange(samples) - samples // 2).astype("<i2") << 4).view(np.uint8).reshape(samples, 2)
    table[:, 2] = np.arange(samples) % 256
    return table.tobytes()
