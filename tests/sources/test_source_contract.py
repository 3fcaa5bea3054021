"""What every source must do, whatever it reads; a new source joins by one line in SOURCES."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import anyio
import numpy as np
import pytest

from edge_runtime.sources import (
    HostSource,
    MergedSource,
    RecordedSource,
    Source,
    SyntheticSource,
    bearing_source,
    motion_source,
)
from edge_runtime.stream import Block, Flags, Recording, check_block, sample_times


def recorded() -> Source:
    t_ns = sample_times(0, 50, rate_hz=10.0)
    t_ns[23:] += 5_000_000_000
    samples = np.arange(100, dtype=np.float32).reshape(50, 2)
    return RecordedSource(Recording(t_ns, samples, ("x", "y"), 10.0), block_size=8)


def synthetic() -> Source:
    return SyntheticSource(["x", "y", "z"], 100.0, block_size=16, blocks=5)


def bearing() -> Source:
    return bearing_source(1000.0, fault="outer", block_size=16, blocks=5)


def body() -> Source:
    return motion_source(50.0, gait="running", block_size=16, blocks=5)


def host() -> Source:
    return HostSource(["load_1min", "memory_percent"], 40.0, samples=4)


def merged() -> Source:
    slow = SyntheticSource(["state"], 10.0, block_size=4, blocks=6)
    return MergedSource([SyntheticSource(["x"], 100.0, block_size=16, blocks=12), slow], 50.0, patience_s=100)


SOURCES = [recorded, synthetic, bearing, body, host, merged]
every_source = pytest.mark.parametrize("make", SOURCES)


async def take(source: Source, *, at_most: int = 1000) -> list[Block]:
    taken: list[Block] = []
    async for block in source.blocks():
        taken.append(block)
        if len(taken) == at_most:
            break
    return taken


@every_source
def test_it_declares_its_channels_and_rate(make: Callable[[], Source]) -> None:
    source = make()
    assert isinstance(source.channels, tuple)
    assert len(set(source.channels)) == len(source.channels) > 0
    assert source.rate_hz > 0


@every_source
def test_its_blocks_keep_the_seams_contract(make: Callable[[], Source]) -> None:
    source = make()
    blocks = anyio.run(take, source)
    assert len(blocks) > 1
    for block in blocks:
        check_block(block, channels=len(source.channels))
    assert [block.sequence for block in blocks] == list(range(len(blocks)))
    assert all(a.t_ns[-1] < b.t_ns[0] for a, b in itertools.pairwise(blocks))


@every_source
def test_a_gap_is_flagged_and_nothing_else_is(make: Callable[[], Source]) -> None:
    source = make()
    blocks = anyio.run(take, source)
    period_ns = 1e9 / source.rate_hz
    for before, after in itertools.pairwise(blocks):
        missing = after.t_ns[0] - before.t_ns[-1] > 1.5 * period_ns
        assert (Flags.GAP in after.flags) == missing
    assert Flags.GAP not in blocks[0].flags
    assert all(np.diff(block.t_ns).max(initial=0) < 1.5 * period_ns for block in blocks)


@every_source
def test_it_counts_what_it_delivers(make: Callable[[], Source]) -> None:
    source = make()
    blocks = anyio.run(take, source)
    assert source.counts.blocks == len(blocks)
    assert source.counts.samples == sum(len(block.t_ns) for block in blocks)
    assert source.counts.gaps == sum(Flags.GAP in block.flags for block in blocks)


@every_source
def test_it_closes_by_context_manager_and_twice(make: Callable[[], Source]) -> None:
    async def use() -> int:
        async with make() as source:
            blocks = await take(source, at_most=2)
        await source.aclose()
        return len(blocks)

    assert anyio.run(use) == 2


@every_source
def test_other_tasks_run_between_its_blocks(make: Callable[[], Source]) -> None:
    turn = 0

    async def other() -> None:
        nonlocal turn
        while True:
            turn += 1
            await anyio.sleep(0)

    async def turns_at_each_block() -> list[int]:
        async with anyio.create_task_group() as group:
            group.start_soon(other)
            seen = [turn async for _ in make().blocks()]
            group.cancel_scope.cancel()
        return seen

    seen = anyio.run(turns_at_each_block)
    assert all(before < after for before, after in itertools.pairwise(seen))


@every_source
def test_it_can_be_cancelled(make: Callable[[], Source]) -> None:
    async def cancel() -> int:
        got = 0
        with anyio.CancelScope() as scope:
            async for _ in make().blocks():
                got += 1
                scope.cancel()
        return got

    assert anyio.run(cancel) == 1
