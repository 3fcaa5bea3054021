"""Reads bundles, and trusts nothing in them before the signature has been checked."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from edge_runtime.bundles.keys import SIGNATURE_BYTES, is_signed_by
from edge_runtime.bundles.manifest import MANIFEST, MEMBERS, REQUIRED, SIGNATURE, Manifest
from edge_runtime.errors import BundleError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["LARGEST_BUNDLE", "Bundle", "read_bundle"]

LARGEST_BUNDLE = 64 * 2**20
LARGEST_MANIFEST = 64 * 1024


@dataclass(frozen=True)
class Bundle:
    """A bundle that was checked.

    Parameters
    ----------
    digest
        SHA-256 of the whole file, in hexadecimal: what it is called on the device.
    manifest
        What it says of itself.
    members
        Its files by name.
    """

    digest: str
    manifest: Manifest
    members: Mapping[str, bytes]


def read_bundle(content: bytes, keys: Sequence[Ed25519PublicKey]) -> Bundle:
    """Check a bundle and return what is in it.

    No member is unpacked beyond the size that it may have, whatever the archive says of it, and none that the signed
    manifest does not name.

    Parameters
    ----------
    content
        The file.
    keys
        Whose signature is good; one is enough.

    Raises
    ------
    BundleError
        If it is damaged, not signed by any of the keys, or not what its manifest says; the message says which.
    """
    if len(content) > LARGEST_BUNDLE:
        raise BundleError(f"the bundle has {len(content):,} bytes; {LARGEST_BUNDLE:,} is the most")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_names(archive)
            manifest = _read_manifest(archive, keys)
            members = {name: _read_member(archive, name, manifest) for name in manifest.members}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise BundleError(f"the bundle is damaged: {error}") from error
    return Bundle(hashlib.sha256(content).hexdigest(), manifest, members)


def _check_names(archive: zipfile.ZipFile) -> None:
    names = [about.filename for about in archive.infolist()]
    if len(set(names)) != len(names):
        raise BundleError("the bundle has two members with the same name")
    unknown = sorted(set(names) - {MANIFEST, SIGNATURE, *MEMBERS})
    if unknown:
        raise BundleError(f"the bundle has a member that has no place there: {unknown[0][:100]!r}")
    if MANIFEST not in names:
        raise BundleError(f"the bundle has no {MANIFEST}; is it a bundle at all?")
    if SIGNATURE not in names:
        raise BundleError("the bundle is not signed; sign it with edge-runtime bundle make --key")


def _read_manifest(archive: zipfile.ZipFile, keys: Sequence[Ed25519PublicKey]) -> Manifest:
    text = _unpack(archive, MANIFEST, LARGEST_MANIFEST)
    signature = _unpack(archive, SIGNATURE, SIGNATURE_BYTES)
    if not any(is_signed_by(key, signature, text) for key in keys):
        raise BundleError("the bundle is not signed by anybody whom this device trusts, or was changed since")
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise BundleError(f"the bundle's manifest is not of a version that this device knows: {error}") from error
    missing = [name for name in REQUIRED if name not in manifest.members]
    if missing:
        raise BundleError(f"the bundle lacks {missing[0]}")
    present = {about.filename for about in archive.infolist()} - {MANIFEST, SIGNATURE}
    if present != set(manifest.members):
        odd = sorted(present ^ set(manifest.members))[0]
        raise BundleError(f"{odd} is in the bundle but not in its manifest, or the other way round")
    return manifest


def _read_member(archive: zipfile.ZipFile, name: str, manifest: Manifest) -> bytes:
    wanted = manifest.members[name]
    content = _unpack(archive, name, min(MEMBERS[name], wanted.size))
    if len(content) != wanted.size or hashlib.sha256(content).hexdigest() != wanted.sha256:
        raise BundleError(f"{name} is not what the bundle's manifest says; it was changed or damaged")
    return content


def _unpack(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Unpack a member, but never more than it may have."""
    with archive.open(name) as member:
        content = member.read(most + 1)
    if len(content) > most:
        raise BundleError(f"{name} is larger than the {most:,} bytes that it may have")
    return content
