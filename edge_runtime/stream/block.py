"""The block: what every source yields and every stage passes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntFlag

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError

__all__ = ["Block", "Flags", "check_block", "check_times", "joined", "runs_of"]


class Flags(IntFlag):
    """What is known about a block's, or a window's, quality."""

    NONE = 0
    GAP = 1  #: samples are missing just before this block, or inside this window
    NOT_FINITE = 2  #: holds NaN or infinity
    SATURATED = 4  #: holds values at the sensor's limits


@dataclass(frozen=True)
class Block:
    """Samples that were acquired together.

    Parameters
    ----------
    t_ns
        int64[n], acquisition time of each sample in nanoseconds since the Unix epoch, UTC.
    samples
        float32[n, channels], in the units that the source declares.
    sequence
        The source's count of blocks, from 0; a jump means that blocks were lost.
    flags
        Quality of the whole block.
    """

    t_ns: npt.NDArray[np.int64]
    samples: npt.NDArray[np.float32]
    sequence: int
    flags: Flags = Flags.NONE


def runs_of(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """Cut blocks into runs of such as have no flags and follow each other without a gap; others come alone."""
    run: list[Block] = []
    for block in blocks:
        if run and not _goes_on(run[-1], block):
            yield run
            run = []
        run.append(block)
    if run:
        yield run


def joined(run: Sequence[Block]) -> Block:
    """Return a run as one block, with the number of its first."""
    if len(run) == 1:
        return run[0]
    samples = np.concatenate([block.samples for block in run])
    return Block(np.concatenate([block.t_ns for block in run]), samples, run[0].sequence)


def _goes_on(before: Block, block: Block) -> bool:
    return (
        block.sequence == before.sequence + 1
        and not before.flags
        and not block.flags
        and block.samples.shape[1:] == before.samples.shape[1:]
        and len(before.t_ns) > 0
        and len(block.t_ns) > 0
        and bool(block.t_ns[0] > before.t_ns[-1])
    )


def check_block(block: Block, *, channels: int) -> None:
    """Refuse a block that breaks the seam's contract; sources in development and their tests call this.

    Parameters
    ----------
    block
        The block.
    channels
        How many channels its source declares.

    Raises
    ------
    DataError
        If a shape, a dtype, the order of the times or the sequence number is not what `Block` says.
    """
    check_times(block.t_ns, where=f"block {block.sequence}")
    wanted = (len(block.t_ns), channels)
    if block.samples.shape != wanted or block.samples.dtype != np.float32:
        raise DataError(
            f"block {block.sequence}: samples are {block.samples.dtype}{list(block.samples.shape)}; "
            f"they must be float32{list(wanted)}"
        )
    if block.sequence < 0:
        raise DataError(f"block {block.sequence}: the sequence number must be 0 or more")


def check_times(t_ns: npt.NDArray[np.int64], *, where: str) -> None:
    """Refuse times that are not int64[n], n at least 1, each after the one before.

    Parameters
    ----------
    t_ns
        The times in nanoseconds.
    where
        What the message calls their home.

    Raises
    ------
    DataError
        With the position of the first time that does not follow the one before it.
    """
    if t_ns.ndim != 1 or t_ns.dtype != np.int64 or len(t_ns) == 0:
        raise DataError(f"{where}: times are {t_ns.dtype}{list(t_ns.shape)}; they must be int64[n], with n at least 1")
    follows = t_ns[1:] > t_ns[:-1]
    if not follows.all():
        at = int(np.argmin(follows)) + 1
        raise DataError(
            f"{where}: time {at} ({t_ns[at]} ns) does not come after time {at - 1} ({t_ns[at - 1]} ns); "
            f"each sample must be later than the one before"
        )
