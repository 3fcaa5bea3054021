"""Downloads a known model into the cache, and takes nothing but the very file that the catalogue names."""

from __future__ import annotations

import http.client
import os
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from edge_runtime.catalogue.find import FOLDER_VARIABLE, model_folder
from edge_runtime.catalogue.known import KnownModel
from edge_runtime.errors import ConfigError, FetchError

__all__ = ["UPSTREAM", "fetch_model", "model_url"]

UPSTREAM = "https://raw.githubusercontent.com"
"""Where GitHub serves the files of a repository: ``/owner/name/commit/path`` below it."""

_ANSWER_S = 20.0
_WHOLE_S = 120.0
_CHUNK = 65536


def model_url(model: KnownModel, mirror: str = UPSTREAM) -> str:
    """Return where a known model's file is downloaded from."""
    return f"{mirror.rstrip('/')}/{model.repository}/{model.commit}/{model.path}"


def fetch_model(model: KnownModel, *, mirror: str = UPSTREAM, deadline_s: float = _WHOLE_S) -> Path:
    """Download a known model's file into the cache, unless it is there, and return it.

    Parameters
    ----------
    model
        Which one.
    mirror
        A web server with the same paths as `UPSTREAM`.
    deadline_s
        How long the download may take, in seconds.

    Raises
    ------
    ConfigError
        If `mirror` is no address of a web server, or the cache cannot be written.
    FetchError
        If nothing answers, the file is not there, or what comes is not the file.
    """
    target = model_folder() / f"{model.name}.tflite"
    if target.is_file() and model.is_content(target.read_bytes()):
        return target
    content = _download(model_url(model, mirror), model.size, deadline_s)
    if not model.is_content(content):
        raise FetchError(
            f"{model_url(model, mirror)}: brought another file than {model.name} (its SHA-256 should be "
            f"{model.sha256[:16]}…); nothing was kept"
        )
    _keep(content, target)
    return target


def _download(url: str, size: int, deadline_s: float) -> bytes:
    """Return what is at an address, at most one byte more than `size`."""
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"{url}: should begin with https:// (or http://)")
    try:
        # The address begins with http, as was just checked.
        with urllib.request.urlopen(url, timeout=min(_ANSWER_S, deadline_s)) as answer:  # noqa: S310
            return _read(answer, size + 1, time.monotonic() + deadline_s)
    except urllib.error.HTTPError as error:
        raise FetchError(f"{url}: the server answered {error.code} {error.reason}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise FetchError(
            f"{url}: cannot be reached ({reason}); where there is no network, let {FOLDER_VARIABLE} name a folder "
            "that has the file"
        ) from error


def _read(answer: http.client.HTTPResponse, limit: int, deadline: float) -> bytes:
    content = bytearray()
    while len(content) < limit:
        if time.monotonic() > deadline:
            raise TimeoutError("took too long")
        # read1 takes what has come; read would wait for all of it, past the deadline
        chunk = answer.read1(min(_CHUNK, limit - len(content)))
        if not chunk:
            break
        content += chunk
    return bytes(content)


def _keep(content: bytes, target: Path) -> None:
    """Write the file in one step, so that nobody ever finds a part of it."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
            file.write(content)
        Path(file.name).chmod(0o644)
        os.replace(file.name, target)  # noqa: PTH105
    except OSError as error:
        raise ConfigError(f"{target}: cannot be written ({error.strerror}); set EDGE_RUNTIME_CACHE") from error
