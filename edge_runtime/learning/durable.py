"""A learner that survives: checkpoints, a label log, and after a crash the very same head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from typing_extensions import Self

from edge_runtime.errors import StateError
from edge_runtime.learning.atomic import sync_folder, write_atomically
from edge_runtime.learning.events import Event, LabelEvent, ReserveEvent
from edge_runtime.learning.journal import Journal
from edge_runtime.learning.learner import Learner
from edge_runtime.learning.snapshot import fingerprint_of, learner_to_bytes, restore_learner

__all__ = ["DurableLearner", "Recovery"]

_CHECKPOINTS = "checkpoint-*.state"
_LOGS = "labels-*.log"
_KEPT = 2  # checkpoints, so that one that cannot be read costs nothing


@dataclass(frozen=True)
class Recovery:
    """How a learner came back.

    Parameters
    ----------
    checkpoint
        The file that it began with; None: it began as new.
    refused
        Checkpoints that could not be read, each with its reason; an older one took its place.
    replayed
        Events of the label log that were repeated.
    """

    checkpoint: Path | None
    refused: tuple[str, ...]
    replayed: int


class DurableLearner:
    """Keeps a learner in a folder; used as a context manager, or closed by hand.

    A label is written to the log, and synchronised, before it takes effect: what `Learner.on_label` has answered is
    never lost, and a learner that is killed at any instant comes back with the heads that an
    uninterrupted one has after the same labels, bit for bit. Predictions that had no label yet come back as far as the
    last checkpoint held them; labels for the others are answered as forgotten. Prediction ids are never given out
    twice.

    Parameters
    ----------
    folder
        Where its state is kept; made if it is not there. One process at a time.
    make
        Makes the learner as new, always the same.
    checkpoint_every
        Events from one checkpoint to the next: the most that a restart has to repeat.
    reserve
        For so many predictions ahead, ids are reserved in the log.

    Attributes
    ----------
    learner
        The learner, as it was.
    recovery
        How it came back.

    Raises
    ------
    StateError
        If the state is of another network or other settings, or damaged beyond what an older checkpoint can mend.
    """

    def __init__(
        self, folder: Path, make: Callable[[], Learner], *, checkpoint_every: int = 512, reserve: int = 4096
    ) -> None:
        self._folder = folder
        self._every, self._reserve = checkpoint_every, reserve
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StateError(f"the folder {folder} for the learner's state cannot be made: {error.strerror}") from error
        self.fingerprint = fingerprint_of(make())
        self.learner, checkpoint, refused, sequence = self._newest(make)
        self._checkpointed = sequence
        self._journal: Journal
        self._reserved = 0
        replayed = self._replay(sequence)
        self.recovery = Recovery(checkpoint, tuple(refused), replayed)
        self.learner.memory.skip_to(max(self._reserved, self.learner.memory.next_id))
        self._reserved = self.learner.memory.next_id
        self.learner.journal = self._write
        self.learner.before_prediction = self._reserve_ids

    def checkpoint(self) -> Path:
        """Write the whole state; return its file. Done by itself every few events, and on closing.

        Raises
        ------
        StateError
            If it cannot be written; the state so far stays.
        """
        sequence = self._journal.next
        path = self._folder / f"checkpoint-{sequence:012d}.state"
        data = learner_to_bytes(self.learner, fingerprint=self.fingerprint, sequence=sequence)
        write_atomically(path, data, what="the checkpoint")
        self._checkpointed = sequence
        if self._journal.first != sequence:
            self._journal.close()
            self._journal = self._open_log(sequence)
            sync_folder(self._folder)
        self._tidy()
        return path

    def checkpoint_if_due(self) -> None:
        """Write a checkpoint if enough events have come since the last one; call it between two inferences."""
        if self._journal.next - self._checkpointed >= self._every:
            self.checkpoint()

    def close(self) -> None:
        """Write a checkpoint and close the log; closing twice does nothing."""
        if self.learner.journal is not None:
            self.checkpoint()
            self.learner.journal = self.learner.before_prediction = None
            self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, events: Sequence[Event]) -> None:
        self._journal.append(events)

    def _reserve_ids(self, next_id: int) -> None:
        """Make sure that the id about to be given out can never be given out again."""
        if next_id >= self._reserved:
            self._reserved = next_id + self._reserve
            self._journal.append([ReserveEvent(self._reserved)])

    def _newest(self, make: Callable[[], Learner]) -> tuple[Learner, Path | None, list[str], int]:
        """Return the learner as the newest readable checkpoint has it."""
        refused: list[str] = []
        for path in sorted(self._folder.glob(_CHECKPOINTS), reverse=True):
            learner = make()
            try:
                sequence = restore_learner(learner, path.read_bytes(), fingerprint=self.fingerprint)
            except (OSError, StateError) as error:
                if "another network" in str(error):
                    raise StateError(f"{path}: {error}") from error
                refused.append(f"{path.name}: {error}")
            else:
                return learner, path, refused, sequence
        return make(), None, refused, 0

    def _replay(self, sequence: int) -> int:
        """Repeat the logged events from `sequence` on; leave the newest log open."""
        begun = sequence
        paths = sorted(self._folder.glob(_LOGS))
        for position, path in enumerate(paths):
            journal = self._open_log(int(path.stem.split("-")[1]), path)
            if journal.first > sequence:
                journal.close()
                raise StateError(
                    f"{self._folder}: labels {sequence} to {journal.first - 1} are missing: "
                    "the state cannot be restored; move the folder away to begin anew"
                )
            for number, event in journal.events():
                if number >= sequence:
                    self._repeat(event)
            sequence = max(sequence, journal.next)
            if position < len(paths) - 1 or journal.next < sequence:
                journal.close()
            else:
                self._journal = journal
        if not paths or self._journal_is_closed(sequence):
            self._journal = self._open_log(sequence)
            sync_folder(self._folder)
        return sequence - begun

    def _journal_is_closed(self, sequence: int) -> bool:
        journal = getattr(self, "_journal", None)
        return journal is None or journal.next != sequence

    def _repeat(self, event: Event) -> None:
        if isinstance(event, ReserveEvent):
            self._reserved = max(self._reserved, event.next_id)
            return
        if isinstance(event, LabelEvent):
            self.learner.memory.claim(event.prediction)
        self._reserved = max(self._reserved, event.at)
        self.learner.replay(event)

    def _open_log(self, first: int, path: Path | None = None) -> Journal:
        return Journal(path or self._folder / f"labels-{first:012d}.log", fingerprint=self.fingerprint, first=first)

    def _tidy(self) -> None:
        """Remove what no kept checkpoint needs."""
        checkpoints = sorted(self._folder.glob(_CHECKPOINTS))
        for path in checkpoints[:-_KEPT]:
            path.unlink()
        oldest = int(checkpoints[-_KEPT:][0].stem.split("-")[1])
        logs = sorted(self._folder.glob(_LOGS))
        for path, following in pairwise(logs):
            if int(following.stem.split("-")[1]) <= oldest and len(checkpoints) >= _KEPT:
                path.unlink()
