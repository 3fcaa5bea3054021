"""Settings of the interpreter under which threads and the event loop hand over soon."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["SWITCH_S", "quick_handover"]

SWITCH_S = 0.0005
"""Seconds that a thread may keep the interpreter while another one waits for it.

Python's own 0.005 is as long as a record may take from its last sample to the broker, and a window changes threads
twice. What the shorter time costs cannot be measured: a thread that nobody waits for is never asked to hand over.
"""


@contextmanager
def quick_handover() -> Iterator[None]:
    """Let threads hand over after `SWITCH_S`, and the garbage collector leave alone what is there already.

    What a daemon has when it begins to serve it keeps; looking through that again and again takes tens of milliseconds
    (`gc.freeze`).
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(before)
