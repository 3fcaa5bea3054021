"""Which of a device's pipelines take bundles, and which of them is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_runtime.bundles import HeadFile
from edge_runtime.daemon.bundle_keeper import BundleKeeper
from edge_runtime.daemon.unit import Unit
from edge_runtime.errors import BundleError
from edge_runtime.service.operations import NotFoundError

__all__ = ["Taker", "one_taker", "read_trusted", "takers_of"]


@dataclass(frozen=True)
class Taker:
    """A pipeline that takes bundles.

    Parameters
    ----------
    unit
        The pipeline.
    keeper
        What takes them for it.
    """

    unit: Unit
    keeper: BundleKeeper

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self.unit.name


def takers_of(units: Mapping[str, Unit], pipeline: str = "") -> list[Taker]:
    """Return the pipelines that take bundles; with a name, that one alone.

    Raises
    ------
    BundleError
        If there are none.
    NotFoundError
        If the one that is named is not among them.
    """
    takers = [Taker(unit, unit.bundles) for unit in units.values() if unit.bundles is not None]
    if not takers:
        raise BundleError("this device takes no bundles; start it with a [bundles] table in its pipeline file")
    named = [taker for taker in takers if taker.name == pipeline]
    if pipeline and not named:
        raise NotFoundError(f"there is no pipeline {pipeline!r} that takes bundles; there are {_names(takers)}")
    return named or takers


def one_taker(units: Mapping[str, Unit], pipeline: str = "") -> Taker:
    """Return the pipeline that is meant: the one that is named, or the only one.

    Raises
    ------
    BundleError, NotFoundError
        As `takers_of` does; or if several take bundles and none is named.
    """
    takers = takers_of(units, pipeline)
    if len(takers) > 1:
        raise BundleError(
            f"several pipelines take bundles; name one of {_names(takers)}: --pipeline NAME, or pipeline in the request"
        )
    return takers[0]


async def read_trusted(content: bytes, takers: Sequence[Taker]) -> tuple[HeadFile, list[Unit]]:
    """Check a head that was pushed alone; return it with those who trust whoever signed it.

    Raises
    ------
    BundleError
        If nobody does, or it is no head; the reason is the first one's.
    """
    read = [await _head_or_reason(taker, content) for taker in takers]
    heads = [one for one in read if isinstance(one, HeadFile)]
    if not heads:
        raise next(one for one in read if isinstance(one, BundleError))
    return heads[0], [taker.unit for taker, one in zip(takers, read, strict=True) if isinstance(one, HeadFile)]


async def _head_or_reason(taker: Taker, content: bytes) -> HeadFile | BundleError:
    try:
        return await taker.keeper.read_head(content)
    except BundleError as error:
        return error


def _names(takers: Sequence[Taker]) -> str:
    return ", ".join(taker.name for taker in takers)
