from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.errors import ConfigError, SinkError
from edge_runtime.telemetry.outbox import Item, OutboxFullError, Spool
from edge_runtime.telemetry.outbox.spool import SMALLEST_CAP


def items(first: int, count: int, *, size: int = 400, priority: int = 1) -> list[Item]:
    return [Item(seq, priority, seq, b"x" * size) for seq in range(first, first + count)]


def opened(path: Path, **settings: Any) -> Spool:
    spool = Spool(path, **{"cap_bytes": SMALLEST_CAP, **settings})
    spool.open()
    return spool


def fill_until(error: type[Exception], spool: Spool, first: int) -> int:
    """Commit a hundred records at a time until that fails; return the first number that was not taken."""
    for _ in range(100):
        assert spool.used_bytes() <= SMALLEST_CAP
        try:
            spool.commit(items(first, 100, size=900))
        except error:
            return first
        first += 100
    raise AssertionError(f"no {error.__name__}")


def numbers(spool: Spool) -> list[int]:
    return [item.seq for item in spool.read(1_000_000)]


def test_what_was_committed_is_there_after_opening_again(tmp_path: Path) -> None:
    spool = opened(tmp_path / "outbox")
    spool.commit(items(1, 3))
    spool.commit(items(4, 1), acknowledged=[2])
    spool.close()
    again = Spool(tmp_path / "outbox", cap_bytes=SMALLEST_CAP)
    assert again.open() == 5
    assert numbers(again) == [1, 3, 4]
    assert again.depth == 3
    assert (again.counters["stored"], again.counters["acknowledged"]) == (4, 1)


def test_the_highest_priority_comes_first_and_then_the_oldest(tmp_path: Path) -> None:
    spool = opened(tmp_path / "outbox")
    spool.commit([Item(1, 0, 0, b"a"), Item(2, 3, 0, b"b"), Item(3, 1, 0, b"c"), Item(4, 3, 0, b"d")])
    assert numbers(spool) == [2, 4, 3, 1]
    assert [item.seq for item in spool.read(2)] == [2, 4]


def test_a_number_is_not_used_again_when_all_have_left(tmp_path: Path) -> None:
    spool = opened(tmp_path / "outbox")
    spool.commit(items(1, 5))
    spool.commit((), acknowledged=range(1, 6))
    spool.close()
    assert Spool(tmp_path / "outbox").open() == 6


@pytest.mark.parametrize("when_full", ["oldest", "newest"])
def test_the_cap_holds_at_every_instant_and_every_drop_is_counted(tmp_path: Path, when_full: Any) -> None:
    spool = opened(tmp_path / "outbox", when_full=when_full)
    first, dropped = 1, 0
    for _ in range(60):
        dropped += len(spool.commit(items(first, 100, size=900)).dropped)
        first += 100
        assert spool.used_bytes() <= SMALLEST_CAP
    kept = numbers(spool)
    assert dropped > 3000
    assert len(kept) + dropped == 6_000 == spool.counters["stored"]
    assert spool.counters["dropped_1"] == dropped
    if when_full == "oldest":
        assert kept == list(range(kept[0], 6_001))
    else:
        # A single new one may find room that a drop left over; the old ones stay.
        assert kept[:2000] == list(range(1, 2001))


def test_low_priorities_give_way_before_high_ones_whatever_their_age(tmp_path: Path) -> None:
    spool = opened(tmp_path / "outbox")
    spool.commit(items(1, 100, priority=3))
    for round_ in range(40):
        spool.commit(items(101 + 100 * round_, 100, size=900, priority=1))
    assert set(range(1, 101)) <= set(numbers(spool))
    spool.commit(items(100_000, 100, size=900, priority=0))
    assert not set(range(100_000, 100_100)) & set(numbers(spool)), "what is lowest does not displace anything"
    assert spool.counters["dropped_0"] == 100


def test_what_is_on_its_way_is_not_dropped(tmp_path: Path) -> None:
    spool = opened(tmp_path / "outbox")
    spool.commit(items(1, 100, size=900))
    for round_ in range(1, 40):
        spool.commit(items(1 + 100 * round_, 100, size=900), protected={7, 8})
    assert numbers(spool)[:2] == [7, 8]


def test_blocking_takes_nothing_more_until_records_have_left(tmp_path: Path) -> None:
    spool = opened(tmp_path / "outbox", when_full="block")
    first = fill_until(OutboxFullError, spool, 1)
    assert numbers(spool) == list(range(1, first))
    assert spool.used_bytes() <= SMALLEST_CAP
    with pytest.raises(OutboxFullError):
        spool.commit(items(first, 130, size=900), acknowledged=range(1, 11))
    assert spool.depth == first - 1 - 10, "what was acknowledged has left, though nothing was taken"
    spool.commit(items(first, 100, size=900), acknowledged=range(11, 401))
    assert spool.counters["acknowledged"] == 400


def test_a_reader_that_stays_for_long_does_not_let_the_log_grow(tmp_path: Path) -> None:
    spool = opened(tmp_path / "outbox")
    spool.commit(items(1, 10))
    reader = sqlite3.connect(tmp_path / "outbox")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM record").fetchone()
    first = fill_until(SinkError, spool, 11)
    reader.close()
    spool.commit(items(first, 100, size=900))
    assert spool.used_bytes() <= SMALLEST_CAP


def test_a_damaged_file_is_set_aside_and_a_new_one_begins(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_bytes(b"not a database at all" * 500)
    spool = opened(tmp_path / "outbox")
    spool.commit(items(1, 1))
    assert numbers(spool) == [1]
    assert (tmp_path / "outbox.damaged-1").read_bytes().startswith(b"not a database")
    assert spool.counters["set_aside"] == 1


def test_another_database_is_set_aside_not_overwritten(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "outbox")
    other.execute("CREATE TABLE mine (x)")
    other.commit()
    other.close()
    opened(tmp_path / "outbox").close()
    kept = sqlite3.connect(tmp_path / "outbox.damaged-1")
    assert kept.execute("SELECT count(*) FROM mine").fetchone() == (0,)
    kept.close()


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="its folder must exist"):
        Spool(tmp_path / "none" / "outbox").open()


def test_a_cap_that_is_too_small_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must be 4,194,304 or more"):
        Spool(tmp_path / "outbox", cap_bytes=1000)


def test_a_closed_spool_says_so(tmp_path: Path) -> None:
    spool = opened(tmp_path / "outbox")
    spool.close()
    spool.close()
    with pytest.raises(SinkError, match="closed"):
        spool.commit(items(1, 1))
