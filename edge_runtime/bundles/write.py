"""Makes bundles."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from edge_runtime.bundles.manifest import MANIFEST, MEMBERS, REQUIRED, SIGNATURE, Manifest, Member
from edge_runtime.errors import BundleError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["write_bundle"]

LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The date of every member, so that the same parts give the same bytes."""


def write_bundle(  # noqa: PLR0913 # one for each thing that a manifest says
    members: Mapping[str, bytes],
    key: Ed25519PrivateKey,
    *,
    name: str,
    version: int,
    view_fingerprint: str,
    classes: Sequence[str] = (),
    reserved_classes: int = 0,
    boards: Sequence[str] = (),
    parameters: str | None = None,
) -> bytes:
    """Return a signed bundle; the same parts and key give the same bytes.

    Parameters
    ----------
    members
        The files, by the names that `MEMBERS` lists.
    key
        Signs it.
    name, version, view_fingerprint, classes, reserved_classes, boards, parameters
        As in `Manifest`.

    Raises
    ------
    BundleError
        If a member is unknown, too large, or one that is required is missing.
    """
    _check_members(members)
    manifest = Manifest(
        name=name,
        version=version,
        classes=tuple(classes),
        reserved_classes=reserved_classes,
        view_fingerprint=view_fingerprint,
        boards=tuple(boards),
        parameters=parameters,
        members={
            member: Member(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
            for member, content in sorted(members.items())
        },
    )
    # Devices that know nothing of reserved classes take a bundle that has none.
    text = manifest.model_dump_json(exclude=set() if reserved_classes else {"reserved_classes"}).encode()
    files = {MANIFEST: text, SIGNATURE: key.sign(text), **dict(sorted(members.items()))}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in files.items():
            about = zipfile.ZipInfo(member, LONG_AGO)
            about.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(about, content)
    return written.getvalue()


def _check_members(members: Mapping[str, bytes]) -> None:
    for member, content in members.items():
        if member not in MEMBERS:
            raise BundleError(f"{member} has no place in a bundle; there may be {', '.join(MEMBERS)}")
        if len(content) > MEMBERS[member]:
            raise BundleError(f"{member} has {len(content):,} bytes; a bundle takes {MEMBERS[member]:,} at most")
    missing = [member for member in REQUIRED if member not in members]
    if missing:
        raise BundleError(f"{missing[0]} is missing; a bundle needs {', '.join(REQUIRED)}")
