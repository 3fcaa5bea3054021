"""Ed25519 keys (RFC 8032) that bundles are signed with and checked against."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from edge_runtime.errors import ConfigError, ToolError
from edge_runtime.files import read_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = ["SIGNATURE_BYTES", "is_signed_by", "load_private_key", "load_public_key", "make_keys"]

SIGNATURE_BYTES = 64
"""Of an Ed25519 signature."""


def make_keys(private_file: Path, public_file: Path) -> None:
    """Make a pair of keys, and write each into a PEM file of its own; neither may be there.

    Raises
    ------
    ConfigError
        If a file is there already, or cannot be written.
    """
    form, ed25519 = _cryptography()
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    public = key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    for path, content, mode in ((private_file, private, 0o600), (public_file, public, 0o644)):
        _write_new(path, content, mode)


def load_private_key(path: Path) -> Ed25519PrivateKey:
    """Read a key to sign with.

    Raises
    ------
    ConfigError
        If the file is no unencrypted Ed25519 private key in PEM.
    """
    form, ed25519 = _cryptography()
    try:
        key = form.load_pem_private_key(read_file(path, "a key"), password=None)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path}: not a private key in PEM: {error}") from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise ConfigError(f"{path}: not an Ed25519 key; make one with edge-runtime bundle keys")
    return cast("Ed25519PrivateKey", key)


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Read a key to check with.

    Raises
    ------
    ConfigError
        If the file is no Ed25519 public key in PEM.
    """
    form, ed25519 = _cryptography()
    try:
        key = form.load_pem_public_key(read_file(path, "a key"))
    except ValueError as error:
        raise ConfigError(f"{path}: not a public key in PEM: {error}") from error
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise ConfigError(f"{path}: not an Ed25519 key; make one with edge-runtime bundle keys")
    return cast("Ed25519PublicKey", key)


def is_signed_by(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    """Say whether a signature of some content is this key's."""
    invalid = import_module("cryptography.exceptions").InvalidSignature
    try:
        key.verify(signature, content)
    except invalid:
        return False
    return True


def _cryptography() -> tuple[Any, Any]:
    """Return the package's modules for serialisation and for Ed25519."""
    try:
        base = "cryptography.hazmat.primitives"
        return import_module(f"{base}.serialization"), import_module(f"{base}.asymmetric.ed25519")
    except ImportError as error:
        raise ToolError("signatures need the package cryptography: pip install 'edge-runtime[bundles]'") from error


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror}); keys are never written over") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
