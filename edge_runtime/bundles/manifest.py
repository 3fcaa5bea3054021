"""What stands in a bundle's manifest."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge_runtime.config import Table

__all__ = ["MANIFEST", "MEMBERS", "REQUIRED", "SIGNATURE", "Manifest", "Member"]

MANIFEST = "manifest.json"
SIGNATURE = "signature"

MEMBERS = {
    "network.tflite": 32 * 2**20,
    "view.toml": 2**20,
    "statistics.npz": 4 * 2**20,
    "memory.npz": 16 * 2**20,
    "head.npz": 4 * 2**20,
    "LICENSE": 2**20,
}
"""What may be in a bundle, and the most bytes that each may have."""

REQUIRED = ("network.tflite", "view.toml", "LICENSE")


class Member(Table):
    """One file in a bundle.

    Parameters
    ----------
    sha256
        Of its content, in hexadecimal.
    size
        In bytes.
    """

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0, le=max(MEMBERS.values()))


class Manifest(Table):
    """What a bundle holds and what it was made for.

    The signature is over the manifest's bytes, and the manifest has the digest of every other member.

    Parameters
    ----------
    format
        The version of the format.
    name
        The model's name.
    version
        The model's version; whoever makes bundles counts it up.
    classes
        The labels, in the order of the network's outputs.
    reserved_classes
        How many of the network's last outputs are no classes yet; they may become some on the device.
    view_fingerprint
        Of the feature view that the network was trained with.
    boards
        The boards that it may run on; empty: any.
    parameters
        The hash of the overlay's parameters that it was tried on; None: any overlay that it fits.
    members
        The files by name.
    """

    format: Literal[1] = 1
    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    version: int = Field(ge=1)
    classes: tuple[str, ...] = ()
    reserved_classes: int = Field(default=0, ge=0)
    view_fingerprint: str
    boards: tuple[str, ...] = ()
    parameters: str | None = None
    members: dict[str, Member]
