from __future__ import annotations

import os
import threading
from pathlib import Path

import anyio
import numpy as np
import pytest

from edge_runtime.errors import DataError
from edge_runtime.sources import IioSource
from edge_runtime.sources.iio import parse_scan_type
from edge_runtime.stream import Block
from support.iio import buffered, make_device


def take(source: IioSource) -> list[Block]:
    async def collect() -> list[Block]:
        return [block async for block in source.blocks()]

    return anyio.run(collect)


def test_polled_values_have_scale_and_offset(tmp_path: Path) -> None:
    make_device(tmp_path)
    source = IioSource("acc", ["accel_x", "accel_y"], 200.0, samples=3, root=tmp_path / "sys")
    blocks = take(source)
    assert [block.samples.tolist() for block in blocks] == [[[-50.0, 24.0]]] * 3
    assert all(block.t_ns[0] % 5_000_000 == 0 for block in blocks)


def test_a_channel_that_cannot_be_read_for_the_moment_is_nan(tmp_path: Path) -> None:
    make_device(tmp_path)
    source = IioSource("iio:device0", ["accel_x", "accel_y"], 200.0, samples=1, root=tmp_path / "sys")
    (tmp_path / "sys" / "iio:device0" / "in_accel_x_raw").write_text("busy")
    assert np.isnan(take(source)[0].samples).tolist() == [[True, False]]
    assert source.counts.broken == 1


def test_the_buffer_is_decoded(tmp_path: Path) -> None:
    make_device(tmp_path)
    path = tmp_path / "dev" / "iio:device0"
    os.mkfifo(path)
    # A pipe's writer waits for a reader.
    writer = threading.Thread(target=path.write_bytes, args=(buffered(100),))
    writer.start()
    source = IioSource(
        "acc",
        ["accel_y", "accel_x"],
        100.0,
        buffered=True,
        block_size=16,
        samples=100,
        root=tmp_path / "sys",
        devices=tmp_path / "dev",
    )
    samples = np.concatenate([block.samples for block in take(source)])
    writer.join()
    np.testing.assert_array_equal(samples[:, 1], (np.arange(100) - 50) * 0.5)
    np.testing.assert_array_equal(samples[:, 0], (np.arange(100) + 8) * 0.5)
    device = tmp_path / "sys" / "iio:device0"
    assert (device / "scan_elements" / "in_accel_x_en").read_text() == "1"
    assert (device / "sampling_frequency").read_text() == "100"
    assert (device / "buffer" / "enable").read_text() == "0"


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    make_device(tmp_path)
    with pytest.raises(DataError, match=r"there is no iio device xadc; there is acc \(iio:device0\)"):
        IioSource("xadc", ["voltage0"], 10.0, root=tmp_path / "sys")
    with pytest.raises(DataError, match="has no channel accel_z; it has accel_x, accel_y"):
        IioSource("acc", ["accel_z"], 10.0, root=tmp_path / "sys")


@pytest.mark.parametrize("text", ["", "le:s12/17>>4", "me:s12/16>>4"])
def test_a_scan_type_that_no_kernel_writes_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="it should look like le:s12/16>>4"):
        parse_scan_type(text)


def test_bits_are_taken_from_their_place() -> None:
    element = parse_scan_type("be:s10/16>>6")
    raw = np.array([[0x80, 0x00], [0x7F, 0xC0], [0xFF, 0xFF]], np.uint8)
    assert element.decode(raw).tolist() == [-512, 511, -1]
