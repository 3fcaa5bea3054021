"""How long jobs of the burst master take, transfers included: its reader and its writer, replayed.

Exact for a memory that answers every burst after the same number of cycles and then never pauses
(`VerilatorBus(memory_seed=0)` is one), with buffers that begin at pages, as long as the next input is fetched beside
the present run. Any real memory is less regular; the engine's own cycles do not depend on it.
"""

from __future__ import annotations

from typing import NamedTuple

from edge_runtime.compiler.memory import BEAT_BYTES
from edge_runtime.compiler.program import Part
from edge_runtime.compiler.transfers import part_regions

__all__ = ["MEMORY_LATENCY", "fetch_cycles", "job_cycles", "store_cycles", "stream_cycles"]

#: Cycles from a burst's address to its first beat, and from its last beat to its acknowledgement: about what a Zynq's
#: high-performance port takes to reach DDR memory at 100 MHz.
MEMORY_LATENCY = 35

_BURST_BEATS = 16
_QUEUE_BEATS = 32
# From a beat's arrival to its first word on the word bus, through an empty queue.
_QUEUE_CYCLES = 2
# From a word's request to its data, out of the activation memory.
_READ_CYCLES = 4
# From a job's doorbell to its fetch, from there to its run, and from the end of a run to its store.
_TO_FETCH, _TO_RUN, _TO_STORE = 1, 1, 2
# From the cycle that `Part.prefetch` names to the fetch: what is read before it comes to an end.
_SETTLING = 9


class Stored(NamedTuple):
    """Cycles from the start of a store until all words have been read, and until memory has acknowledged all."""

    read_out: int
    whole: int


def fetch_cycles(beats: int, latency: int = MEMORY_LATENCY) -> int:
    """Return the cycles from the start of a fetch to its end (`rtl/edge_burst_reader.v`), the engine being idle.

    Parameters
    ----------
    beats
        Of 8 bytes.
    latency
        Of memory, in cycles.
    """
    left: list[int] = []  # when each beat has left the queue
    may_ask, arrived = 2, 0
    while len(left) < beats:
        burst = min(_BURST_BEATS, beats - len(left))
        crowd = len(left) + burst - _QUEUE_BEATS  # so many must have gone for the burst to have room
        asked = max(may_ask, left[crowd - 1] + 2) if crowd > 0 else may_ask
        may_ask = asked + 2
        for beat in range(burst):
            arrived = max(arrived + 1, asked + latency + beat)
            left.append(max(arrived + _QUEUE_CYCLES, left[-1] + 1 if left else 0) + 1)
    return left[-1] + 1 if left else 1


def store_cycles(beats: int, latency: int = MEMORY_LATENCY) -> Stored:
    """Return when a store (`rtl/edge_burst_writer.v`) has read its words, and when it ends, the engine being idle.

    Parameters
    ----------
    beats
        Of 8 bytes.
    latency
        Of memory, in cycles.
    """
    if not beats:
        return Stored(1, 1)
    here = [2 * beat + 2 + _READ_CYCLES for beat in range(beats)]
    sent = 0
    for first in range(0, beats, _BURST_BEATS):
        burst = min(_BURST_BEATS, beats - first)
        sent = max(here[first + burst - 1], sent) + 1 + burst
    return Stored(here[-1] + 1, sent + latency + 1)


def job_cycles(part: Part, latency: int = MEMORY_LATENCY) -> int:
    """Return the cycles from a job's doorbell to its last output in memory, with no other job before it."""
    beats = _beats(part)
    output, extra = (store_cycles(beats[name], latency).whole for name in ("OUTPUT", "EXTRA"))
    run = _TO_FETCH + fetch_cycles(beats["INPUT"], latency) + _TO_RUN + part.cycles
    return run + _TO_STORE + output + 2 + extra


def stream_cycles(part: Part, latency: int = MEMORY_LATENCY) -> int:
    """Return the cycles from the end of one job to the end of the next, in a stream.

    Where an input cannot be fetched beside the run before it, this is the least that it takes.
    """
    beats = _beats(part)
    output, extra = (store_cycles(beats[name], latency) for name in ("OUTPUT", "EXTRA"))
    stored = output.whole + 1 + extra.read_out if beats["EXTRA"] else output.read_out
    fetched = fetch_cycles(beats["INPUT"], latency)
    beside = part.cycles - part.prefetch - _SETTLING if part.prefetch else 0
    return part.cycles + max(_TO_STORE + stored, _TO_FETCH + fetched + _TO_RUN - beside)


def _beats(part: Part) -> dict[str, int]:
    return {name: region.length // BEAT_BYTES for name, region in part_regions(part)[0].items()}
