"""Python's time for sending an input and receiving an output by pynq's own DMA driver.

Run with a Python that has pynq: ``pynq_dma.py INPUT_BYTES OUTPUT_BYTES INFERENCES``. Driver and register window are
pynq's own (`pynq.lib.dma`, simple mode, and `pynq.MMIO`); the window is plain memory in which the DMA is always done,
so that nothing is waited for. Prints microseconds, the median.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from types import SimpleNamespace

import numpy as np

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pynq says that this is no board
    from pynq import MMIO
    from pynq.lib.dma import DMA_TYPE_RX, DMA_TYPE_TX, _SDMAChannel

_IDLE = 0x2
_STATUS = (0x04, 0x34)
_WARM_UP = 200


def registers() -> MMIO:
    """Return a DMA's registers in plain memory: always running, always idle."""
    device = SimpleNamespace(
        has_capability=lambda name: name == "MEMORY_MAPPED", mmap=lambda _, size: np.zeros(size // 4, np.uint32)
    )
    window = MMIO(0, 0x1000, device=device)
    for offset in _STATUS:
        window.array[offset // 4] = _IDLE
    return window


def buffer(size: int) -> SimpleNamespace:
    """Return what the driver wants of a buffer; there are no caches."""
    return SimpleNamespace(
        memory=np.zeros(size, np.int8),
        nbytes=size,
        physical_address=0x1000_0000,
        flush=lambda: None,
        invalidate=lambda: None,
    )


def main() -> None:
    """Measure."""
    input_bytes, output_bytes, inferences = (int(word) for word in sys.argv[1:])
    window = registers()
    send = _SDMAChannel(window, 1 << 26, 8, DMA_TYPE_TX, True)
    receive = _SDMAChannel(window, 1 << 26, 8, DMA_TYPE_RX, True)
    given, taken, values = buffer(input_bytes), buffer(output_bytes), np.zeros(input_bytes, np.int8)
    spent = []
    for _ in range(_WARM_UP + inferences):
        began = time.perf_counter()
        given.memory[:] = values
        receive.transfer(taken)
        send.transfer(given)
        send.wait()
        receive.wait()
        np.array(taken.memory)
        spent.append(time.perf_counter() - began)
    print(statistics.median(spent[_WARM_UP:]) * 1e6)


if __name__ == "__main__":
    main()
