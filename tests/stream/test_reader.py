from __future__ import annotations

import threading

import numpy as np
import pytest

from edge_runtime.errors import DataError
from edge_runtime.stream import Block, RingBuffer, RingReader


def block(first: int, count: int) -> Block:
    index = np.arange(first, first + count)
    return Block(index.astype(np.int64), np.repeat(index[:, None], 2, axis=1).astype(np.float32), 0)


def test_readers_have_a_pace_of_their_own() -> None:
    ring = RingBuffer(2, 10)
    quick, slow = RingReader(ring), RingReader(ring)
    for first in range(0, 30, 5):
        ring.append(block(first, 5))
        stretch = quick.read(100)
        assert stretch is not None
        assert stretch.t_ns.tolist() == list(range(first, first + 5))
        assert quick.read(100) is None
    late = slow.read(4)
    assert late is not None
    assert (late.first, late.t_ns.tolist()) == (20, [20, 21, 22, 23])
    assert (slow.overruns, slow.lost, slow.behind) == (1, 20, 6)
    assert (quick.overruns, quick.lost) == (0, 0)


def test_a_reader_starts_at_the_newest_sample() -> None:
    ring = RingBuffer(2, 10)
    ring.append(block(0, 7))
    assert RingReader(ring).read(1) is None


def test_reading_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="cannot read 0 samples"):
        RingReader(RingBuffer(2, 10)).read(0)


def test_no_sample_is_torn_however_fast_the_writer_is() -> None:
    ring = RingBuffer(2, 256)
    readers = [RingReader(ring) for _ in range(2)]
    done = threading.Event()
    seen: list[int] = []
    errors: list[str] = []

    def read(reader: RingReader) -> None:
        count = 0
        while not done.is_set() or reader.behind:
            stretch = reader.read(200)
            if stretch is None:
                continue
            index = np.arange(stretch.first, stretch.first + len(stretch.t_ns))
            if (stretch.t_ns != index).any() or (stretch.samples != index[:, None].astype(np.float32)).any():
                errors.append(f"torn at {stretch.first}")
            count += len(index)
        seen.append(count)

    threads = [threading.Thread(target=read, args=(reader,)) for reader in readers]
    for thread in threads:
        thread.start()
    for first in range(0, 60_000, 30):
        ring.append(block(first, 30))
    done.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(seen) == sorted(60_000 - reader.lost for reader in readers)


def test_a_ring_beyond_its_budget_is_refused() -> None:
    needed = RingBuffer(2, 100).nbytes
    RingBuffer(2, 100, budget=needed)
    with pytest.raises(DataError, match=r"takes 3,400 bytes, but the budget is 3,399; raise it, or shorten the window"):
        RingBuffer(2, 100, budget=needed - 1)
