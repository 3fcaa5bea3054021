"""The life of bundles on a device: staged, in the shadow, active; the one before is kept.

All that is known stands in one small file, which is replaced as a whole: written beside, fsynced, renamed, and the
folder fsynced. Before a bundle is named there it lies fsynced under its digest; what is no longer named is removed
after. So a cut at any instant leaves the state before the step or the one after it, and never one that names a bundle
that is not there.

::

    push ─► staged ─► shadow ─► active (trial) ─► active
               │         │           │
               └─ discard┴───────────┴─ rollback ─► the previous one is active
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from edge_runtime.errors import BundleError, StateError
from edge_runtime.files import replace_durably

__all__ = ["BundleLife", "Phase", "State"]

STATE = "state.json"


class Phase(str, Enum):
    """Where the newest bundle is."""

    QUIET = "quiet"  #: there is no candidate
    STAGED = "staged"  #: it was checked and lies there
    SHADOW = "shadow"  #: it runs beside the active one, and is compared
    TRIAL = "trial"  #: it serves; a failure or a power-on without a commit brings the previous one back


@dataclass(frozen=True)
class State:
    """Which bundle is where, by digests.

    Parameters
    ----------
    active
        Serves; None: the pipeline file's own network.
    previous
        Served before; None: the pipeline file's own network did, or nothing was replaced yet.
    candidate
        Staged or in the shadow.
    phase
        Where the newest one is.
    starts
        How often the daemon has started during the trial.
    """

    active: str | None = None
    previous: str | None = None
    candidate: str | None = None
    phase: Phase = Phase.QUIET
    starts: int = 0


class BundleLife:
    """Keeps bundles in a folder and takes them from one state to the next.

    Parameters
    ----------
    folder
        Is made if it is missing.
    trial_starts
        How many starts of the daemon a bundle on trial may take before it is rolled back: one that makes the daemon
        die would else be
        started for ever.

    Raises
    ------
    StateError
        If the state is damaged.
    """

    def __init__(self, folder: Path, *, trial_starts: int = 3) -> None:
        self._folder = folder
        self._trial_starts = trial_starts
        folder.mkdir(parents=True, exist_ok=True)
        self.state = self._read()
        self._sweep()

    def path(self, digest: str) -> Path:
        """Return where a bundle lies."""
        return self._folder / f"{digest}.bundle"

    def stage(self, content: bytes) -> State:
        """Keep a bundle that was checked; another candidate gives way to it.

        Raises
        ------
        BundleError
            If one is on trial, or this one serves already.
        """
        digest = hashlib.sha256(content).hexdigest()
        self._must_be(Phase.QUIET, Phase.STAGED, Phase.SHADOW)
        if digest == self.state.active:
            raise BundleError(f"bundle {digest[:12]} serves already")
        replace_durably(self.path(digest), content)
        return self._become(replace(self.state, candidate=digest, phase=Phase.STAGED))

    def shadow(self) -> State:
        """Let the candidate run beside the active one.

        Raises
        ------
        BundleError
            If there is none.
        """
        self._must_be(Phase.STAGED)
        return self._become(replace(self.state, phase=Phase.SHADOW))

    def activate(self) -> State:
        """Let the candidate serve, on trial; the active one becomes the previous one.

        Raises
        ------
        BundleError
            If no candidate is in the shadow.
        """
        self._must_be(Phase.SHADOW)
        state = self.state
        return self._become(State(active=state.candidate, previous=state.active, phase=Phase.TRIAL))

    def commit(self) -> State:
        """End the trial: the active one stays, and the previous one is kept to return to.

        Raises
        ------
        BundleError
            If none is on trial.
        """
        self._must_be(Phase.TRIAL)
        return self._become(replace(self.state, phase=Phase.QUIET, starts=0))

    def roll_back(self) -> State:
        """Let the previous one serve again.

        Raises
        ------
        BundleError
            If nothing was ever activated.
        """
        if self.state.active is None:
            raise BundleError("there is nothing to roll back: the pipeline file's own network serves")
        return self._become(State(active=self.state.previous))

    def discard(self) -> State:
        """Forget the candidate.

        Raises
        ------
        BundleError
            If there is none.
        """
        self._must_be(Phase.STAGED, Phase.SHADOW)
        return self._become(replace(self.state, candidate=None, phase=Phase.QUIET))

    def started(self) -> State:
        """Count a start of the daemon; a bundle that has used up its trial's starts is rolled back."""
        if self.state.phase is not Phase.TRIAL:
            return self.state
        if self.state.starts >= self._trial_starts:
            return self.roll_back()
        return self._become(replace(self.state, starts=self.state.starts + 1))

    def describe(self) -> dict[str, Any]:
        """Return the state as JSON shows it."""
        return {**asdict(self.state), "phase": self.state.phase.value, "state": self.state.phase.value}

    def _must_be(self, *phases: Phase) -> None:
        if self.state.phase not in phases:
            wanted = " or ".join(phase.value for phase in phases)
            raise BundleError(f"the newest bundle is {self.state.phase.value}; for this it must be {wanted}")

    def _become(self, state: State) -> State:
        replace_durably(self._folder / STATE, _STATE.dump_json(state))
        self.state = state
        self._sweep()
        return state

    def _read(self) -> State:
        try:
            content = (self._folder / STATE).read_bytes()
        except FileNotFoundError:
            return State()
        try:
            state = _STATE.validate_json(content)
        except ValidationError as error:
            raise StateError(f"{self._folder / STATE}: the state of the bundles is damaged: {error}") from error
        for digest in (state.active, state.previous, state.candidate):
            if digest is not None and not self.path(digest).exists():
                raise StateError(f"{self.path(digest)}: is missing, though the state of the bundles names it")
        return state

    def _sweep(self) -> None:
        """Remove what is not named any more, and what a cut left half written."""
        kept = {
            self.path(digest) for digest in (self.state.active, self.state.previous, self.state.candidate) if digest
        }
        for path in (*self._folder.glob("*.bundle"), *self._folder.glob("*.new")):
            if path not in kept:
                with suppress(OSError):
                    path.unlink()


_STATE: TypeAdapter[State] = TypeAdapter(State)
