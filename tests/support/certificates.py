"""An authority of the tests' own, and certificates from it, by openssl."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

__all__ = ["ELLIPTIC", "make_certificates"]


ELLIPTIC = ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
"""Keys that browsers take, too."""


def make_certificates(folder: Path, *, kind: Sequence[str] = ("ed25519",)) -> Path:
    """Write ca.crt, and server and device certificates with their keys, for 127.0.0.1; return the folder."""

    def openssl(*arguments: str) -> None:
        subprocess.run([shutil.which("openssl") or "openssl", *arguments], check=True, capture_output=True, cwd=folder)

    openssl("req", "-x509", "-newkey", *kind, "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca")
    (folder / "ext").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("server", "device"):
        openssl(
            *("req", "-newkey", *kind, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr"),
            *("-subj", f"/CN={name}"),
        )
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-out", f"{name}.crt", "-days", "2", "-extfile", "ext"),
        )
        (folder / f"{name}.key").chmod(0o644)
    return folder
