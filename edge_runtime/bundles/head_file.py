"""A head alone, in one small signed file: trained elsewhere on what a device exported, and sent back to it.

::

    a saved state (`edge_runtime.learning.state`): kind "pushed head", the header below, float32 weights and bias,
              and the SHA-256 of all that
    64 bytes  Ed25519 signature of everything before

Nothing in the file is looked at before its signature has been checked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError

from edge_runtime.bundles.keys import SIGNATURE_BYTES, is_signed_by
from edge_runtime.config import Table
from edge_runtime.errors import BundleError, DataError, StateError
from edge_runtime.learning.frozen import checked_linear
from edge_runtime.learning.state import pack, unpack

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = ["LARGEST_HEAD", "HeadAbout", "HeadFile", "check_head", "network_fingerprint", "read_head", "write_head"]

LARGEST_HEAD = 4 * 2**20

_KIND = "pushed head"
_DIGEST_BYTES = hashlib.sha256().digest_size


class HeadAbout(Table):
    """What a head's file says of it.

    Parameters
    ----------
    format
        The version of the format.
    name
        The head's name.
    version
        Whoever makes heads counts it up.
    network
        The network that it belongs to: `network_fingerprint`.
    classes
        The labels, in the order of the network's outputs.
    """

    format: Literal[1] = 1
    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    version: int = Field(ge=1)
    network: str = Field(pattern=r"^[0-9a-f]{64}$")
    classes: tuple[str, ...] = Field(min_length=1)


@dataclass(frozen=True)
class HeadFile:
    """A head that was checked.

    Parameters
    ----------
    digest
        SHA-256 of the whole file, in hexadecimal.
    about
        What it says of itself.
    weights
        float32[classes, features].
    bias
        float32[classes].
    """

    digest: str
    about: HeadAbout
    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]

    @property
    def title(self) -> str:
        """What logs and records call it."""
        return f"{self.about.name} {self.about.version} ({self.digest[:12]})"


def network_fingerprint(network: bytes) -> str:
    """Return what tells a network from others: the SHA-256 of its .tflite file, in hexadecimal."""
    return hashlib.sha256(network).hexdigest()


def write_head(
    weights: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    key: Ed25519PrivateKey,
    *,
    name: str,
    version: int,
    network: str,
    classes: Sequence[str],
) -> bytes:
    """Return a signed head; the same parts and key give the same bytes.

    Parameters
    ----------
    weights, bias
        float32[classes, features] and float32[classes], finite.
    key
        Signs it.
    name, version, network, classes
        As in `HeadAbout`.

    Raises
    ------
    BundleError
        If the numbers are not these, or the names not allowed.
    """
    try:
        weights, bias = checked_linear(weights, bias)
        about = HeadAbout(name=name, version=version, network=network, classes=tuple(classes))
    except (DataError, ValidationError) as error:
        raise BundleError(f"the head cannot be written: {_one_line(error)}") from error
    body = pack(_KIND, about.model_dump(mode="json"), {"weights": weights, "bias": bias})
    if len(body) + SIGNATURE_BYTES > LARGEST_HEAD:
        raise BundleError(f"the head takes {len(body):,} bytes; a device takes {LARGEST_HEAD:,} at most")
    return body + key.sign(body)


def read_head(content: bytes, keys: Sequence[Ed25519PublicKey]) -> HeadFile:
    """Check a head's file and return what is in it.

    Parameters
    ----------
    content
        The file.
    keys
        Whose signature is good; one is enough.

    Raises
    ------
    BundleError
        If it is damaged, cut off, not signed by any of the keys, or no head; the message says which.
    """
    if len(content) > LARGEST_HEAD:
        raise BundleError(f"the head has {len(content):,} bytes; {LARGEST_HEAD:,} is the most")
    body = _signed_body(content, keys)
    try:
        kind, parameters, arrays = unpack(body)
        if kind != _KIND or set(arrays) != {"weights", "bias"}:
            raise BundleError(f"the file holds a {kind!r} and no head; make one with edge-runtime head make")
        about = HeadAbout.model_validate_json(json.dumps(parameters))
        weights, bias = checked_linear(arrays["weights"], arrays["bias"])
    except (StateError, DataError, ValidationError) as error:
        raise BundleError(f"the head cannot be read: {_one_line(error)}") from error
    return HeadFile(hashlib.sha256(content).hexdigest(), about, weights, bias)


def check_head(head: HeadFile, *, network: str, classes: Sequence[str], outputs: int, features: int) -> None:
    """Check whether a head fits a network.

    Parameters
    ----------
    head
        The head.
    network
        The network's fingerprint.
    classes
        The network's classes, those that were added on the device among them.
    outputs, features
        The size of its last layer.

    Raises
    ------
    BundleError
        If it is of another network, width or number of outputs, or names other classes.
    """
    about = head.about
    if about.network != network:
        raise BundleError(f"the head is for the network {about.network[:16]}; this one is {network[:16]}")
    rows, width = head.weights.shape
    if (rows, width) != (outputs, features):
        raise BundleError(
            f"the head has {rows} rows of {width} weights; the network's last layer has {outputs} of {features}"
        )
    if about.classes != tuple(classes):
        raise BundleError(
            f"the head's classes are {', '.join(about.classes)}; the network's are {', '.join(classes) or 'unnamed'}"
        )


def _signed_body(content: bytes, keys: Sequence[Ed25519PublicKey]) -> bytes:
    body, signature = content[:-SIGNATURE_BYTES], content[-SIGNATURE_BYTES:]
    if any(is_signed_by(key, signature, body) for key in keys):
        return body
    if _is_whole(content):
        raise BundleError("the head is not signed; sign it with edge-runtime head make --key")
    if not _is_whole(body):
        raise BundleError("the head is damaged, cut off, or no head at all: its SHA-256 does not match")
    raise BundleError("the head is not signed by anybody whom this device trusts, or was changed since")


def _is_whole(body: bytes) -> bool:
    return hashlib.sha256(body[:-_DIGEST_BYTES]).digest() == body[-_DIGEST_BYTES:]


def _one_line(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    mistake = error.errors()[0]
    return f"{'.'.join(map(str, mistake['loc']))}: {mistake['msg']}"
