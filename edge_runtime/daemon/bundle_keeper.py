"""The bundles of a running pipeline: checked, staged, run in the shadow, served on trial, kept or taken back."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Protocol, TypeVar

import anyio
import anyio.to_thread
import structlog
from anyio.abc import TaskGroup

from edge_runtime.bundles import (
    Bundle,
    BundleLife,
    HeadFile,
    Phase,
    Requirements,
    check_fit,
    load_public_key,
    read_bundle,
    read_head,
)
from edge_runtime.daemon.config import BundlesTable
from edge_runtime.daemon.engine import Engine
from edge_runtime.daemon.shadow import Shadow, ShadowPlace
from edge_runtime.errors import BundleError, EdgeRuntimeError, StateError
from edge_runtime.model.head import QuantizedHead

__all__ = ["ACTIONS", "BundleKeeper", "Workshop"]

ACTIONS = ("shadow", "activate", "commit", "rollback", "discard")
LOOK_S = 0.5

ROLL_BACK_AT = 20.0
"""Evidence for what served before that ends a trial, as the gate's for the frozen head."""

Install = Callable[[Engine], Awaitable[QuantizedHead | None]]
"""Switches the pipeline to an engine, and returns the learned head that served before; None: none did."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Tell(Protocol):
    """Tells an event."""

    async def __call__(self, event: str, message: str, **more: Any) -> None:
        """Tell it."""


@dataclass(frozen=True)
class Workshop:
    """What makes bundles run in one pipeline.

    Parameters
    ----------
    requirements
        What a bundle must go with.
    own
        Makes the engine of the pipeline file's own network.
    engine
        Makes a bundle's engine.
    shadow
        Makes the shadow of a bundle, or of the pipeline file's own network (None), with another head in the place of
        its own (None: with its own).
    judges
        Whether labels come, that can tell which of two networks is the better one.
    """

    requirements: Requirements
    own: Callable[[], Engine]
    engine: Callable[[Bundle], Engine]
    shadow: Callable[[Bundle | None, QuantizedHead | None], Shadow]
    judges: bool = False


class BundleKeeper:
    """Takes bundles through their life while a pipeline runs.

    Parameters
    ----------
    table
        Where they are kept, who may sign them, and how long a trial is.
    place
        Where a shadow stands.

    Raises
    ------
    ConfigError
        If a key cannot be read.
    StateError
        If the folder's state is damaged.
    """

    def __init__(self, table: BundlesTable, place: ShadowPlace) -> None:
        self._keys = [load_public_key(path) for path in table.keys]
        self.trial_s = table.trial
        try:
            self._life = BundleLife(table.folder)
            self._life.started()
        except OSError as error:
            raise StateError(f"{table.folder}: bundles cannot be kept there: {error.strerror}") from error
        self._place = place
        self._workshop: Workshop | None = None
        self._install: Install = _not_ready
        self._tell: Tell = _tell_nobody
        self._turn = anyio.Lock()
        self._tasks: TaskGroup | None = None
        self._stop_shadow: anyio.CancelScope | None = None
        self.trial_since = time.monotonic()
        self._abouts: dict[str, dict[str, Any]] = {}
        self._last_refusal: str | None = None
        self._refusals = self._rollbacks = 0

    def first_engine(self, workshop: Workshop) -> Engine:
        """Return what shall run first: the active bundle, the one before where that cannot run, or the file's own."""
        self._workshop = workshop
        while (digest := self._life.state.active) is not None:
            engine = self._engine_or_none(workshop, digest)
            if engine is not None:
                return engine
            self._to_previous()
        return workshop.own()

    def serves(self, install: Install, tell: Tell) -> None:
        """Say how the pipeline is switched to an engine, and how it tells of what happens to bundles."""
        self._install, self._tell = install, tell

    async def serve(self) -> None:
        """Run the shadow, and end trials that went well; for ever."""
        async with anyio.create_task_group() as self._tasks:
            if self._life.state.phase is Phase.TRIAL:
                await self._watch_trial(None)
            if self._life.state.phase is Phase.SHADOW:
                try:
                    await self._start_shadow()
                except EdgeRuntimeError as error:
                    log.error("the shadow cannot run", error=str(error))
            while True:
                await anyio.sleep(LOOK_S)
                try:
                    await self._judge_trial()
                    await self._commit_if_due()
                except EdgeRuntimeError as error:
                    # The state on the disk is right already; whoever starts next goes by it.
                    log.error("a trial could not be ended", error=str(error))

    def describe(self) -> dict[str, Any]:
        """Return the bundles' state as JSON shows it."""
        state = self._life.describe()
        named = {digest: self._about(digest) for key in ("active", "previous", "candidate") if (digest := state[key])}
        trial = self._life.state.phase is Phase.TRIAL
        left = max(0.0, self.trial_s - (time.monotonic() - self.trial_since)) if trial else None
        return {
            **state,
            "names": named,
            "shadow": self._place.describe(),
            "trial_left_s": None if left is None else round(left, 1),
            "last_refusal": self._last_refusal,
            "refusals": self._refusals,
            "rollbacks": self._rollbacks,
        }

    async def push(self, content: bytes) -> dict[str, Any]:
        """Check a bundle and stage it.

        Raises
        ------
        BundleError
            If it is refused, with the reason.
        """
        async with self._turn:
            with self.refusing("bundle"):
                await self._stage(content)
        await self._tell("bundle stage", "a bundle was staged", **self._life.describe())
        return self.describe()

    @contextmanager
    def refusing(self, what: str) -> Iterator[None]:
        """Keep and log the reason where what was pushed is refused; it is a `BundleError` then."""
        try:
            yield
        except EdgeRuntimeError as error:
            self._last_refusal = str(error)
            self._refusals += 1
            log.warning(f"{what} refused", reason=str(error))
            raise error if isinstance(error, BundleError) else BundleError(str(error)) from error

    async def read_head(self, content: bytes) -> HeadFile:
        """Check a head that was pushed alone.

        Raises
        ------
        BundleError
            If it is refused, with the reason.
        """
        return await _in_thread(read_head, content, self._keys)

    async def act(self, action: str) -> dict[str, Any]:
        """Do one of `ACTIONS`, and return the state.

        Raises
        ------
        BundleError
            If there is no such action, or the state does not allow it.
        """
        steps = {
            "shadow": self._shadow,
            "activate": self._activate,
            "commit": self._commit,
            "rollback": self._roll_back,
            "discard": self._discard,
        }
        if action not in steps:
            raise BundleError(f"there is no action {action!r}; there are {', '.join(steps)}")
        async with self._turn:
            await steps[action]()
        log.warning("bundles", action=action, **self._life.describe())
        await self._tell(f"bundle {action}", f"bundles: {action}", **self._life.describe())
        return self.describe()

    async def mend(self, error: EdgeRuntimeError) -> bool:
        """Roll back where the pipeline failed during a trial, and say whether that was so."""
        if self._life.state.phase is not Phase.TRIAL:
            return False
        log.error("the bundle on trial failed; rolling back", error=str(error))
        self._last_refusal = f"rolled back: {error}"
        async with self._turn:
            # Somebody may have ended the trial while this waited.
            if self._life.state.phase is Phase.TRIAL:
                await self._roll_back()
        await self._tell("bundle rolled back", self._last_refusal, **self._life.describe())
        return True

    async def _stage(self, content: bytes) -> None:
        workshop = self._ready()
        bundle = await _in_thread(read_bundle, content, self._keys)
        await _in_thread(check_fit, bundle, workshop.requirements)
        # Whatever it takes to run it is tried now: a bundle that is staged can be activated.
        await _in_thread(workshop.shadow, bundle, None)
        await _in_thread(self._life.stage, content)
        self._end_shadow()
        self._last_refusal = None

    async def _shadow(self) -> None:
        if self._life.state.phase is Phase.STAGED:
            await self._start_shadow()
        await _in_thread(self._life.shadow)

    async def _activate(self) -> None:
        workshop = self._ready()
        candidate = self._life.state.candidate
        if candidate is None or self._life.state.phase is not Phase.SHADOW:
            raise BundleError(f"the newest bundle is {self._life.state.phase.value}; for this it must be shadow")
        engine = await _in_thread(self._engine_of, workshop, candidate)
        # First on disk: after a power cut now, the start counts as one of the trial's.
        await _in_thread(self._life.activate)
        self._end_shadow()
        self.trial_since = time.monotonic()
        try:
            head = await self._install(engine)
        except EdgeRuntimeError as error:
            await _in_thread(self._to_previous)
            raise BundleError(f"the bundle cannot run, and was rolled back: {error}") from error
        await self._watch_trial(head)

    async def _commit(self) -> None:
        await _in_thread(self._life.commit)
        self._end_shadow()

    async def _roll_back(self) -> None:
        workshop = self._ready()
        await _in_thread(self._to_previous)
        self._end_shadow()
        await self._install(await _in_thread(self.first_engine, workshop))

    def _to_previous(self) -> None:
        """Let the previous bundle be the active one, on the disk."""
        self._life.roll_back()
        self._rollbacks += 1

    async def _discard(self) -> None:
        await _in_thread(self._life.discard)
        self._end_shadow()

    async def _start_shadow(self) -> None:
        workshop, candidate = self._ready(), self._life.state.candidate
        if candidate is None or self._tasks is None:
            raise BundleError("there is no bundle to run in the shadow")
        bundle = await _in_thread(self._bundle, candidate)
        self._let_run(self._tasks, await _in_thread(workshop.shadow, bundle, None))

    async def _watch_trial(self, head: QuantizedHead | None) -> None:
        """Let what served before run beside the bundle on trial, with its learned head, where labels can judge them."""
        workshop, previous = self._ready(), self._life.state.previous
        if self._tasks is None or not workshop.judges:
            return
        try:
            bundle = None if previous is None else await _in_thread(self._bundle, previous)
            self._let_run(self._tasks, await _in_thread(workshop.shadow, bundle, head))
        except EdgeRuntimeError as error:
            log.error("the trial is judged by failures only: what served before cannot run", error=str(error))

    async def _judge_trial(self) -> None:
        """Roll the bundle on trial back where labels say that what served before is better."""
        shadow, state = self._place.shadow, self._life.state
        if state.phase is not Phase.TRIAL or shadow is None or shadow.comparison.evidence_shadow < ROLL_BACK_AT:
            return
        it = shadow.comparison
        reason = (
            f"rolled back: of {it.labelled} labels the bundle met {it.served_right}, and what served before "
            f"{it.shadow_right}; the evidence is {it.evidence_shadow:g}, {ROLL_BACK_AT:g} is enough"
        )
        async with self._turn:
            if self._life.state != state:
                return
            await self._roll_back()
        self._last_refusal = reason
        log.error("the bundle on trial is worse; rolled back", bundle=state.active, evidence=asdict(it))
        await self._tell("bundle rolled back", reason, bundle=state.active, evidence=asdict(it))

    def _let_run(self, tasks: TaskGroup, shadow: Shadow) -> None:
        self._stop_shadow = anyio.CancelScope()
        tasks.start_soon(self._run_shadow, shadow, self._stop_shadow, name="shadow")
        self._place.shadow = shadow

    async def _run_shadow(self, shadow: Shadow, scope: anyio.CancelScope) -> None:
        with scope:
            await shadow.run()

    def _end_shadow(self) -> None:
        if self._stop_shadow is not None:
            self._stop_shadow.cancel()
        self._place.shadow = None

    async def _commit_if_due(self) -> None:
        if self._life.state.phase is not Phase.TRIAL or time.monotonic() - self.trial_since < self.trial_s:
            return
        async with self._turn:
            if self._life.state.phase is Phase.TRIAL:
                await self._commit()
                log.warning("the trial went well; the bundle stays", digest=self._life.state.active)
                await self._tell("bundle commit", "the trial went well; the bundle stays", **self._life.describe())

    def _ready(self) -> Workshop:
        if self._workshop is None:
            raise BundleError("the device is not ready; ask again later")
        return self._workshop

    def _engine_of(self, workshop: Workshop, digest: str) -> Engine:
        bundle = self._bundle(digest)
        # Checked again: the device's file may name another board or source than when it was staged.
        check_fit(bundle, workshop.requirements)
        return workshop.engine(bundle)

    def _engine_or_none(self, workshop: Workshop, digest: str) -> Engine | None:
        try:
            return self._engine_of(workshop, digest)
        except EdgeRuntimeError as error:
            log.error("the active bundle cannot run; rolling back", error=str(error))
            self._last_refusal = f"rolled back: {error}"
            return None

    def _bundle(self, digest: str) -> Bundle:
        try:
            return read_bundle(self._life.path(digest).read_bytes(), self._keys)
        except OSError as error:
            raise BundleError(f"{self._life.path(digest)}: cannot be read: {error.strerror}") from error

    def _about(self, digest: str) -> dict[str, Any]:
        if digest not in self._abouts:
            try:
                manifest = self._bundle(digest).manifest
            except BundleError as error:
                return {"error": str(error)}
            self._abouts[digest] = {"name": manifest.name, "version": manifest.version}
        return self._abouts[digest]


async def _not_ready(_: Engine) -> QuantizedHead | None:
    raise BundleError("the device is not ready; ask again later")


async def _tell_nobody(event: str, message: str, **more: Any) -> None:
    """Stand in until the pipeline is there."""


async def _in_thread(call: Callable[..., T], *args: Any) -> T:
    """Call what reads files or compiles, while the event loop goes on."""
    return await anyio.to_thread.run_sync(call, *args)
