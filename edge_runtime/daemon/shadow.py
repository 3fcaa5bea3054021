"""A network in the shadow: it sees the same blocks as the one that serves, and is only compared."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import anyio
import numpy as np
import structlog
from anyio.streams.memory import MemoryObjectSendStream

from edge_runtime.daemon.engine import Computer
from edge_runtime.daemon.step import Step
from edge_runtime.daemon.watch import Watcher
from edge_runtime.daemon.worker import Worker
from edge_runtime.features.compute import FeatureWindow
from edge_runtime.learning.evidence import Evidence
from edge_runtime.learning.memory import LabelStatus
from edge_runtime.model.head import QuantizedHead
from edge_runtime.stream.block import Block

__all__ = ["Comparison", "Shadow", "ShadowPlace"]

QUEUED_BLOCKS = 8
REMEMBERED = 4096

log = structlog.get_logger(__name__)


@dataclass
class Comparison:
    """What the shadow did beside what served, on the same windows.

    Parameters
    ----------
    windows
        Windows that the shadow ran.
    compared, agreed
        Windows that both ran, and on how many both named the same class.
    labelled, shadow_right, served_right
        Of those compared, how many got a label, and who was right.
    evidence_shadow, evidence_served
        How strongly the labels say that the shadow is the better one, and that what serves is (`Evidence`: 1 says
        nothing, 20 says that odds of 20 to 1 were beaten, whenever one looks).
    missed_blocks
        Blocks that the shadow had no time for: what serves is never held up by it.
    error
        Why the shadow stopped; None: it runs.
    """

    windows: int = 0
    compared: int = 0
    agreed: int = 0
    labelled: int = 0
    shadow_right: int = 0
    served_right: int = 0
    evidence_shadow: float = 1.0
    evidence_served: float = 1.0
    missed_blocks: int = 0
    error: str | None = None


@dataclass
class _Pair:
    """What both said of one window: the classes' names, or their numbers."""

    served: Any = None
    shadow: Any = None


class Shadow:
    """Runs a network beside a pipeline.

    Parameters
    ----------
    computer
        Computes its view.
    open_step
        Opens its accelerator, in the shadow's own thread.
    head
        Runs in place of the network's own last layer; None: that does.

    Attributes
    ----------
    comparison
        How it does.
    """

    def __init__(self, computer: Computer, open_step: Callable[[], Step], *, head: QuantizedHead | None = None) -> None:
        self.comparison = Comparison()
        self._head = head
        self._for_shadow, self._for_served = Evidence(), Evidence()
        self._computer = computer
        self._open_step = open_step
        self._pairs: OrderedDict[tuple[int, int], _Pair] = OrderedDict()
        self._windows: OrderedDict[int, tuple[int, int]] = OrderedDict()
        self._send: MemoryObjectSendStream[Block] | None = None

    async def run(self) -> None:
        """Run until cancelled; a shadow that fails stops, and says why."""
        self._send, receive = anyio.create_memory_object_stream[Block](QUEUED_BLOCKS)
        async with self._send, receive, Worker("shadow") as worker:
            step = None
            try:
                step = await worker.run(self._open)
                async for block in receive:
                    for record in await worker.run(self._take, step, block):
                        self._answered(record)
            except Exception as error:
                # Whatever it is, what serves goes on.
                self.comparison.error = str(error)
                log.warning("the shadow failed", error=str(error))
            finally:
                if step is not None:
                    with anyio.CancelScope(shield=True):
                        await worker.run(step.close)

    def see(self, block: Block) -> None:
        """Take a block in, unless there is no room, or the shadow does not run."""
        if self._send is None or self.comparison.error is not None:
            return
        try:
            self._send.send_nowait(block)
        except (anyio.WouldBlock, anyio.BrokenResourceError, anyio.ClosedResourceError):
            self.comparison.missed_blocks += 1

    def hear(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Hear what the pipeline tells: predictions to compare with, and labels."""
        for record in records:
            if record["kind"] == "prediction":
                key = (record["start_ns"], record["t_ns"])
                _put(self._windows, record["prediction"], key)
                self._match(key, served=_class(record))
            elif record["kind"] == "label" and record["status"] == LabelStatus.ACCEPTED.value:
                self._judge(record)

    def _open(self) -> Step:
        step = self._open_step()
        if self._head is not None:
            step.accelerator.load_head(self._head)
        return step

    def _take(self, step: Step, block: Block) -> list[Mapping[str, Any]]:
        told: list[Mapping[str, Any]] = []
        for window in self._computer.push(block):
            told += step.take(window, received=0.0)
        return told

    def _answered(self, record: Mapping[str, Any]) -> None:
        self.comparison.windows += 1
        self._match((record["start_ns"], record["t_ns"]), shadow=_class(record))

    def _match(self, key: tuple[int, int], **said: Any) -> None:
        pair = self._pairs.get(key) or _put(self._pairs, key, _Pair())
        for who, name in said.items():
            setattr(pair, who, name)
        if pair.served is not None and pair.shadow is not None:
            self.comparison.compared += 1
            self.comparison.agreed += pair.served == pair.shadow

    def _judge(self, record: Mapping[str, Any]) -> None:
        pair = self._pairs.get(self._windows.get(record["prediction"], (0, 0)))
        if pair is None or pair.shadow is None or pair.served is None:
            return
        shadow, served = pair.shadow == _class(record), pair.served == _class(record)
        self._for_shadow.add(np.array([shadow]), serving=served)
        self._for_served.add(np.array([served]), serving=shadow)
        it = self.comparison
        it.labelled, it.shadow_right, it.served_right = (
            it.labelled + 1,
            it.shadow_right + shadow,
            it.served_right + served,
        )
        it.evidence_shadow = round(float(self._for_shadow.values[0]), 3)
        it.evidence_served = round(float(self._for_served.values[0]), 3)


class ShadowPlace(Watcher):
    """Where a shadow may stand beside a pipeline; empty at first."""

    def __init__(self) -> None:
        self.shadow: Shadow | None = None

    def block(self, pipeline: str, channels: Sequence[str], block: Block) -> None:  # noqa: ARG002 # the seam's
        """Pass a block on."""
        if self.shadow is not None:
            self.shadow.see(block)

    def window(self, pipeline: str, names: Sequence[str], window: FeatureWindow) -> None:
        """Do nothing: the shadow computes its own view."""

    def told(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Pass records on."""
        if self.shadow is not None:
            self.shadow.hear(records)

    def describe(self) -> dict[str, Any] | None:
        """Return the comparison as JSON shows it; None without a shadow."""
        return None if self.shadow is None else asdict(self.shadow.comparison)


def _class(record: Mapping[str, Any]) -> Any:
    return record["index"] if record["name"] is None else record["name"]


def _put(kept: OrderedDict[Any, Any], key: Any, value: Any) -> Any:
    """Keep a value, and forget the oldest where there are too many."""
    kept[key] = value
    if len(kept) > REMEMBERED:
        kept.popitem(last=False)
    return value
