"""A head that was trained elsewhere: which of the pipelines take it up, and why one does not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from edge_runtime.bundles import HeadFile, check_head, network_fingerprint
from edge_runtime.daemon.build import Deployment
from edge_runtime.errors import BundleError

if TYPE_CHECKING:
    from edge_runtime.daemon.unit import Unit

__all__ = ["fingerprint_of", "units_for"]


def fingerprint_of(deployment: Deployment) -> str:
    """Return the fingerprint of a deployed network."""
    return network_fingerprint(deployment.program.model)


def units_for(head: HeadFile, units: Iterable[Unit]) -> list[Unit]:
    """Return the pipelines that run a head's network, all of which it fits.

    Raises
    ------
    BundleError
        If there are none, or one of them does not learn or has other classes; the message says which.
    """
    everyone = list(units)
    network = head.about.network
    mine = [unit for unit in everyone if fingerprint_of(unit.deployment) == network]
    if not mine:
        running = ", ".join(f"{unit.name} runs {fingerprint_of(unit.deployment)[:16]}" for unit in everyone)
        raise BundleError(f"the head is for the network {network[:16]}; {running}")
    for unit in mine:
        _check(head, unit)
    return mine


def _check(head: HeadFile, unit: Unit) -> None:
    step = unit.pipeline.step
    if step is None or step.learning is None:
        raise BundleError(
            f"pipeline {unit.name!r} does not learn, so nothing could judge a head; its file needs a [learning] table"
        )
    site = unit.deployment.network.head_site()
    check_head(head, network=head.about.network, classes=unit.classes, outputs=site.classes, features=site.features)
