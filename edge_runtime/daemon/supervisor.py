"""What is done about a stage that fails: started again, with growing waits, until it has failed too often."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import anyio
import structlog
from pydantic import Field, model_validator
from typing_extensions import Self

from edge_runtime.config import Table
from edge_runtime.errors import EdgeRuntimeError, InputError, ToolError
from edge_runtime.units import Duration

__all__ = ["NEVER", "STAGES", "Policy", "Stage", "SupervisorTable", "first_error"]

STAGES: Mapping[str, Literal["stop", "degrade"]] = MappingProxyType(
    {
        "source": "stop",
        "features": "stop",
        "accelerator": "degrade",
        "learner": "degrade",
        "sinks": "degrade",
        "service": "degrade",
    }
)
"""The stages of a device, and what becomes of each that has failed too often, unless its policy says otherwise.

``stop``: the pipelines that need it end, or with the service the daemon. ``degrade``: they go on without it: by the
reference in the accelerator's place, with the head that serves and no learning, with the sink's records dropped and
counted, without the service.
"""
_CANNOT = {"source": "degrade", "features": "degrade", "sinks": "stop"}

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Policy:
    """What is done about a stage that fails.

    Parameters
    ----------
    restarts
        How often it is started again within `within_s`; one failure more, and it is given up.
    within_s
        Seconds after which a failure is forgotten.
    first_wait_s, longest_wait_s
        Seconds from a failure to the restart: doubled with each failure that is remembered, up to the longest, and then
        between a half of that and the whole, so that many devices do not come back in step.
    then
        What becomes of one that is given up: see `STAGES`.
    """

    restarts: int = 5
    within_s: float = 60.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0
    then: Literal["stop", "degrade"] = "stop"


NEVER = Policy(restarts=0)
"""The first failure is the last: for pipelines that are put together in Python, where whoever runs them sees it."""


class PolicyTable(Table):
    """A stage's policy; what is not said is as for all stages."""

    restarts: int | None = Field(default=None, ge=0, description="how often, within the time")
    within: Duration | None = Field(default=None, gt=0)
    first_wait: Duration | None = Field(default=None, gt=0)
    longest_wait: Duration | None = Field(default=None, gt=0)
    then: Literal["stop", "degrade"] | None = None


class SupervisorTable(Table):
    """What is done about stages that fail: numbers for all of them, and tables for those that want their own."""

    restarts: int = Field(default=5, ge=0)
    within: Duration = Field(default=60.0, gt=0)
    first_wait: Duration = Field(default=0.5, gt=0)
    longest_wait: Duration = Field(default=30.0, gt=0)
    source: PolicyTable = Field(default_factory=PolicyTable)
    features: PolicyTable = Field(default_factory=PolicyTable)
    accelerator: PolicyTable = Field(default_factory=PolicyTable)
    learner: PolicyTable = Field(default_factory=PolicyTable)
    sinks: PolicyTable = Field(default_factory=PolicyTable)
    service: PolicyTable = Field(default_factory=PolicyTable)

    @model_validator(mode="after")
    def _can_be_done(self) -> Self:
        for stage, wrong in _CANNOT.items():
            if getattr(self, stage).then == wrong:
                raise ValueError(f'{stage}.then: must be "{STAGES[stage]}", as there is nothing else to do')
        return self

    def policy(self, stage: str) -> Policy:
        """Return a stage's policy."""
        own: PolicyTable = getattr(self, stage)

        def chosen(name: str) -> Any:
            value = getattr(own, name)
            return getattr(self, name) if value is None else value

        waits = chosen("first_wait"), chosen("longest_wait")
        return Policy(chosen("restarts"), chosen("within"), *waits, own.then or STAGES[stage])


class Stage:
    """A stage of a pipeline or of the device, and what became of it.

    Parameters
    ----------
    name
        One of `STAGES`.
    policy
        What is done when it fails.
    owner
        Whose it is, for the log.
    clock
        Seconds that only grow.

    Attributes
    ----------
    state
        ``running``; ``waiting`` for its restart; ``degraded``: given up, the others go on without; ``stopped``.
    began
        Whether it has ever run. Before, what a person can mend is no failure to be waited out: it ends the start.
    failures, restarts
        How often it failed, and was started again.
    last_error
        Why, in one line; None: it never failed.
    """

    def __init__(
        self, name: str, policy: Policy = NEVER, *, owner: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self.policy = policy
        self.state: Literal["running", "waiting", "degraded", "stopped"] = "running"
        self.began = False
        self.failures = self.restarts = 0
        self.last_error: str | None = None
        self._owner = owner
        self._clock = clock
        self._failed_at: deque[float] = deque()

    def describe(self) -> dict[str, Any]:
        """Return it as JSON shows it."""
        names = ("state", "failures", "restarts", "last_error")
        return {name: getattr(self, name) for name in names}

    async def keep(self, run: Callable[[], Awaitable[None]]) -> None:
        """Run something until it returns, again after each failure; return too where it was given up.

        Raises
        ------
        Exception
            What it failed with last, where the policy is to stop.
        """
        while not await self._ran(run) and self.state != "degraded":
            pass

    async def _ran(self, run: Callable[[], Awaitable[None]]) -> bool:
        try:
            await run()
        except Exception as error:
            await self.recover(error)
            return False
        return True

    async def recover(
        self, error: Exception, *, wait: Callable[[float], Awaitable[object]] = anyio.sleep
    ) -> Literal["restart", "degrade"]:
        """Count a failure and wait until the stage may be started again; or say that the others go on without it.

        Parameters
        ----------
        error
            The failure.
        wait
            Waits for so many seconds.

        Raises
        ------
        Exception
            `error`, where the stage is given up and the policy is to stop.
        """
        seconds = self.failed(error)
        if seconds is not None:
            await wait(seconds)
            self.state = "running"
            self.restarts += 1
            return "restart"
        if self.state == "degraded":
            return "degrade"
        raise error

    def failed(self, error: Exception) -> float | None:
        """Count a failure, and return the seconds until the restart; None: it is given up."""
        error = first_error(error)
        self.failures += 1
        self.last_error = str(error) or type(error).__name__
        now = self._clock()
        self._failed_at.append(now)
        while now - self._failed_at[0] > self.policy.within_s:
            self._failed_at.popleft()
        mistake = not self.began and isinstance(error, (InputError, ToolError))
        if mistake or len(self._failed_at) > self.policy.restarts:
            self.state = "degraded" if self.policy.then == "degrade" and not mistake else "stopped"
            self._log("stage given up", then=self.state)
            return None
        self.state = "waiting"
        longest: float = min(self.policy.first_wait_s * 2 ** (len(self._failed_at) - 1), self.policy.longest_wait_s)
        seconds = longest * random.uniform(0.5, 1.0)  # noqa: S311 # nobody has to guess it
        self._log("stage failed; it is started again", wait_s=round(seconds, 2))
        return seconds

    def switched(self, serving: str, why: str) -> None:
        """Hear that an accelerator went over to its standby, or came back: it tries that by itself."""
        if serving == "standby":
            self.failures, self.last_error, self.state = self.failures + 1, why, "degraded"
        else:
            self.restarts, self.state = self.restarts + 1, "running"
        self._log("accelerator switched", serving=serving, why=why)

    def _log(self, event: str, **about: Any) -> None:
        log.warning(event, owner=self._owner, stage=self.name, error=self.last_error, **about)


def first_error(error: Exception) -> Exception:
    """Return what really happened: the first error of ours in nested exception groups, or the first at all."""
    leaves = list(_leaves(error))
    return next((leaf for leaf in leaves if isinstance(leaf, EdgeRuntimeError)), leaves[0])


def _leaves(error: Exception) -> list[Exception]:
    nested: Sequence[Exception] = getattr(error, "exceptions", ())
    return [leaf for inner in nested for leaf in _leaves(inner)] if nested else [error]
