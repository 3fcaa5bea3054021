"""One overlay for several networks: side by side in its memories where they fit, swapped in turn where they do not.

The overlay has a thread of its own, because neither a driver nor a simulation may be called by two at once. Each
network has a `Tenant`, which is an accelerator like any other; its calls become jobs and wait for their turn.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.accelerator.base import Accelerator, Inference
from edge_runtime.accelerator.seats import Seats
from edge_runtime.compiler.program import Program
from edge_runtime.errors import AcceleratorError, DeadlineError, InputError
from edge_runtime.model.head import QuantizedHead

__all__ = ["OverlayCounts", "SharedOverlay", "Tenant", "TenantCounts"]

LONGEST_HOLD = 5.0
"""How many times the cost of a swap a network may go on while another one waits: busy ones swap a sixth of the time."""
_LONGEST_WAIT_S = 600.0  # every step of a job has a deadline of its own; this is for a driver that hangs all the same


@dataclass
class TenantCounts:
    """What a network had of the overlay.

    Parameters
    ----------
    jobs
        Loads, inferences and heads that were carried out.
    swaps
        How often its program was loaded in place of another one.
    wait_s
        Seconds that its jobs waited for their turn, in all.
    """

    jobs: int = 0
    swaps: int = 0
    wait_s: float = 0.0


@dataclass
class OverlayCounts:
    """What a shared overlay did.

    Parameters
    ----------
    swaps
        How often a program was loaded in place of another one, heads included.
    swap_s
        Seconds that took in all.
    opened
        How often the overlay was opened: 1 more with each reset.
    loaded
        The networks that are in its memories at present; they take turns without a swap.
    tenants
        By network.
    """

    swaps: int = 0
    swap_s: float = 0.0
    opened: int = 0
    loaded: tuple[str, ...] = ()
    tenants: dict[str, TenantCounts] = field(default_factory=dict)


class SharedOverlay:
    """An overlay that several networks share.

    Networks that fit into its memories together lie there side by side, and their jobs are carried out as they come.
    Where another one has to give way first, those that are there go on for as long as their next job comes sooner than
    a swap would take, because until then a swap costs more than it gains; but no longer than `LONGEST_HOLD` swaps while
    another one waits. Otherwise whoever has waited longest is next. So every network gets its turn, and where all are
    busy swaps take a bounded share of the time.

    An overlay that fails is closed; the next job opens it anew. The network that met the failure is told.

    Parameters
    ----------
    open_overlay
        Opens it; called in the overlay's thread.

    Attributes
    ----------
    counts
        What it did.
    """

    def __init__(self, open_overlay: Callable[[], Accelerator]) -> None:
        self.counts = OverlayCounts()
        self._open_overlay = open_overlay
        self._turn = threading.Condition()
        self._waiting: list[_Job] = []
        self._tenants: set[Tenant] = set()
        self._thread: threading.Thread | None = None
        self._ended: threading.Thread | None = None
        self._seats: Seats[Tenant] | None = None
        self._held_since = self._idle_since = 0.0
        self._swap_s = 0.0

    def tenant(self, name: str, *, deadline_s: float) -> Tenant:
        """Take in a network.

        Parameters
        ----------
        name
            What the counts call it; one that was closed may come back under its name.
        deadline_s
            How long a run of it may take, in seconds.
        """
        tenant = Tenant(self, name, deadline_s)
        with self._turn:
            self.counts.tenants.setdefault(name, TenantCounts())
            self._tenants.add(tenant)
            if self._thread is None:
                # Its predecessor may still be closing the overlay.
                self._thread = threading.Thread(target=self._serve, args=(self._ended,), name="overlay", daemon=True)
                self._thread.start()
        return tenant

    def ask(self, tenant: Tenant, call: Callable[[Accelerator], Any], *, anew: bool = False) -> Any:
        """Have a tenant's call carried out when its turn comes, with its program and head loaded.

        Parameters
        ----------
        tenant
            Whose.
        call
            Is given the overlay, in the overlay's thread.
        anew
            Whether the program is loaded even if it was the last one that ran, because it is another one now.

        Raises
        ------
        AcceleratorError
            If the overlay fails, or the tenant is closed.
        """
        job = _Job(tenant, call, anew=anew)
        with self._turn:
            if tenant not in self._tenants:
                raise AcceleratorError(f"{tenant.name}: its place on the overlay was given up")
            self._waiting.append(job)
            self._turn.notify_all()
        try:
            return job.answer.result(_LONGEST_WAIT_S)
        except FutureTimeoutError:
            raise DeadlineError(
                f"{tenant.name}: its turn on the overlay did not come in {_LONGEST_WAIT_S:g} s"
            ) from None

    def leave(self, tenant: Tenant) -> None:
        """Give up a tenant's place; with the last one the overlay is closed."""
        with self._turn:
            self._tenants.discard(tenant)
            thread = None if self._tenants else self._thread
            if thread is not None:
                self._ended, self._thread = thread, None
            self._turn.notify_all()
        if thread is not None:
            thread.join()

    def _serve(self, before: threading.Thread | None) -> None:
        """Carry out one job after the other, until the last tenant has left."""
        if before is not None:
            before.join()
        try:
            while (job := self._next()) is not None:
                job.carry_out(self._prepared)
                self._idle_since = time.perf_counter()
                if job.failed:
                    self._drop()
        finally:
            self._drop()

    def _next(self) -> _Job | None:
        with self._turn:
            while True:
                if self._thread is not threading.current_thread():
                    return None
                chosen = self._choose()
                if isinstance(chosen, _Job):
                    self._waiting.remove(chosen)
                    self._count_start(chosen)
                    return chosen
                self._turn.wait(chosen)

    def _choose(self) -> _Job | float | None:
        """Return the next job; or how long to wait for one, in seconds: None is for as long as it takes."""
        if not self._waiting:
            return None
        now = time.perf_counter()
        there = set() if self._seats is None else self._tenants.intersection(self._seats.owners)
        own = next((job for job in self._waiting if job.tenant in there), None)
        other = next((job for job in self._waiting if job.tenant not in there), None)
        if other is None:
            return own
        may_hold = bool(there) and now - self._held_since < LONGEST_HOLD * self._swap_s
        if own is not None and may_hold:
            return own
        worth_waiting = self._idle_since + self._swap_s - now
        return worth_waiting if own is None and may_hold and worth_waiting > 0 else other

    def _count_start(self, job: _Job) -> None:
        counts = self.counts.tenants[job.tenant.name]
        counts.jobs += 1
        counts.wait_s += time.perf_counter() - job.came

    def _prepared(self, job: _Job) -> Accelerator:
        """Return what runs a job's network, with its program and head in the overlay."""
        seats, tenant = self._opened(), job.tenant
        seat = None if job.anew else seats.use(tenant)
        if seat is None:
            seat = self._load(seats, tenant)
        seat.deadline_s = tenant.deadline_s
        return seat

    def _load(self, seats: Seats[Tenant], tenant: Tenant) -> Accelerator:
        with self._turn:
            there = frozenset(self._tenants)
        seats.keep(there)
        began = time.perf_counter()
        try:
            swaps = seats.put(tenant, tenant.program, tenant.load_into) > 0
        finally:
            self.counts.loaded = tuple(one.name for one in seats.owners)
        self._held_since = time.perf_counter()
        if swaps:
            self._swap_s = self._held_since - began
            self.counts.swaps += 1
            self.counts.swap_s += self._swap_s
            self.counts.tenants[tenant.name].swaps += 1
        seat = seats.use(tenant)
        assert seat is not None  # noqa: S101 - it was put there just now
        return seat

    def _opened(self) -> Seats[Tenant]:
        if self._seats is None:
            self._seats = Seats(self._open_overlay())
            self.counts.opened += 1
        return self._seats

    def _drop(self) -> None:
        """Close the overlay; whatever was in it is loaded again when its turn comes."""
        seats, self._seats = self._seats, None
        self.counts.loaded = ()
        if seats is not None:
            seats.close()


class _Job:
    """A call that waits for its turn."""

    def __init__(self, tenant: Tenant, call: Callable[[Accelerator], Any], *, anew: bool) -> None:
        self.tenant = tenant
        self.anew = anew
        self.came = time.perf_counter()
        self.answer: Future[Any] = Future()
        self.failed = False
        self._call = call

    def carry_out(self, prepared: Callable[[_Job], Accelerator]) -> None:
        """Call, and answer with what comes of it."""
        try:
            self.answer.set_result(self._call(prepared(self)))
        except Exception as error:
            # What the caller gave may be wrong; everything else is the overlay's failure.
            self.failed = not isinstance(error, InputError)
            self.answer.set_exception(error)


class Tenant(Accelerator):
    """A network's place on a shared overlay; made by `SharedOverlay.tenant`.

    Parameters
    ----------
    shared
        The overlay.
    name
        What the network is called.
    deadline_s
        How long a run of it may take, in seconds.
    """

    def __init__(self, shared: SharedOverlay, name: str, deadline_s: float) -> None:
        self.name = name
        self.deadline_s = deadline_s
        self._shared = shared
        self._program: Program | None = None
        self._head: QuantizedHead | None = None

    def load(self, program: Program) -> None:  # noqa: D102 - as the base says
        self._program, self._head = program, None
        self._shared.ask(self, lambda _: None, anew=True)

    def infer(self, inputs: Sequence[npt.NDArray[Any]]) -> Inference:  # noqa: D102 - as the base says
        inference: Inference = self._shared.ask(self, lambda overlay: overlay.infer(inputs))
        return inference

    def load_head(  # noqa: D102 - as the base says
        self, head: QuantizedHead, *, probes: npt.NDArray[np.int8] | None = None
    ) -> None:
        self._shared.ask(self, lambda overlay: overlay.load_head(head, probes=probes))
        self._head = head

    def close(self) -> None:  # noqa: D102 - as the base says
        self._shared.leave(self)

    @property
    def program(self) -> Program:
        """The program, as it was compiled."""
        if self._program is None:
            raise AcceleratorError("no program is loaded; call load() first")
        return self._program

    def load_into(self, seat: Accelerator, program: Program) -> None:
        """Load the program, which was moved to its place, and the head that was put in place of its own."""
        seat.load(program)
        if self._head is not None:
            seat.load_head(self._head)
