"""An authority of the tests' own, and certificates from it, by openssl."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

__all__ = ["make_certificates"]


def make_certificates(folder: Path) -> Path:
    """Write ca.crt, and server and device certificates with their keys, for 127.0.0.1; return the folder."""

    def openssl(*arguments: str) -> None:
        subprocess.run([shutil.which("openssl") or "openssl", *arguments], check=True, capture_output=True, cwd=folder)

    openssl("req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca")
    (folder / "ext").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("server", "device"):
        openssl(
            *("req", "-newkey", "ed25519", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr"),
            *("-subj", f"/CN={name}"),
        )
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-out", f"{name}.crt", "-days", "2", "-extfile", "ext"),
        )
        (folder / f"{name}.key").chmod(0o644)
    return folder
