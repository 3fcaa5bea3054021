"""The dashboard: one page, with nothing fetched from elsewhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["PAGE", "read_page"]

PAGE = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
"""Headers: the page may run its own script and ask this service, and nothing else."""


@cache
def read_page() -> bytes:
    """Return the page."""
    return Path(__file__).with_name("dashboard.html").read_bytes()
