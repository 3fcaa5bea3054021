"""Learning as a pipeline file describes it: heads, gate, detectors, and how far labels are believed."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator
from typing_extensions import Self

from edge_runtime.config import NearbyPath, Table
from edge_runtime.learning.challengers import CHALLENGERS, DEFAULTS, Challenger
from edge_runtime.learning.contest import FROZEN, PUSHED, SERVED
from edge_runtime.learning.detectors import AdwinOptions, PageHinkleyOptions
from edge_runtime.learning.gate import KEPT, GateOptions
from edge_runtime.learning.options import LearnerOptions
from edge_runtime.learning.plan import LearningPlan
from edge_runtime.learning.trust import TrustOptions
from edge_runtime.units import Duration

__all__ = ["LearningTable"]

_RESERVED = (FROZEN, SERVED, PUSHED, KEPT)

HeadName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=32)]
Memory = Annotated[float, Field(ge=2, description="about how many labels of a class are remembered; all, if not said")]
Share = Annotated[float, Field(ge=0, le=1)]
Evidence = Annotated[float, Field(gt=1)]


class _HeadTable(Table):
    """A head with parameters of its own."""

    kind: Literal["slda", "rls", "ncm", "softmax"]
    restarts: bool = Field(default=False, description="begins anew when the world changes")

    def challenger(self) -> Challenger:
        """Return it as the learner takes it: what is not said stays as the head's class has it."""
        own = self.model_dump(exclude={"kind", "restarts"}, exclude_none=True)
        return Challenger(self.kind, own, self.restarts)


class SldaTable(_HeadTable):
    """Streaming linear discriminant analysis."""

    kind: Literal["slda"]
    memory: Memory | None = None
    shrinkage: Share | None = Field(default=None, description="estimated, if not said")
    clip: float | None = Field(default=3.0, ge=1, description="usual lengths that a deviation counts for at most")
    training: float = Field(default=0.0, ge=0, description="labels of a class that the training set counts for")


class RlsTable(_HeadTable):
    """Recursive least squares."""

    kind: Literal["rls"]
    memory: Memory | None = None
    ridge: PositiveFloat = 0.3
    clip: PositiveFloat = Field(default=1.0, description="the largest error that is learnt of one label")


class NcmTable(_HeadTable):
    """Nearest class mean."""

    kind: Literal["ncm"]
    memory: Memory | None = None


class SoftmaxTable(_HeadTable):
    """Softmax regression."""

    kind: Literal["softmax"]
    rate: float = Field(default=0.5, gt=0, le=4)
    averaged: bool = Field(default=False, description="the mean of all weights so far serves")


HeadTable = Annotated[SldaTable | RlsTable | NcmTable | SoftmaxTable, Field(discriminator="kind")]


class GateTable(Table):
    """When a challenger is believed, and when it is rolled back: see `GateOptions`."""

    promote_at: Evidence = Field(default=GateOptions.promote_at, description="evidence, odds to one")
    promote_in_doubt: Evidence = Field(default=GateOptions.promote_in_doubt, description="after a change of the world")
    doubt: int = Field(default=GateOptions.doubt, ge=0, description="labels that the time after a change has")
    roll_back_at: Evidence = GateOptions.roll_back_at
    margin: Share = Field(default=GateOptions.margin, description="how much worse on the held-out memory is forgiven")
    stale: Share = Field(default=GateOptions.stale, description="difference at which the memory is out of date")
    recent: PositiveInt = Field(default=GateOptions.recent, description="labels")
    watch: int = Field(default=GateOptions.watch, ge=0, description="labels after a promotion")
    earn: PositiveInt = Field(default=GateOptions.earn, description="labels among which a learned head must lead")

    def options(self) -> GateOptions:
        """Return them as the learner takes them."""
        return GateOptions(**self.model_dump())


class TrustTable(Table):
    """When a source of labels is no longer believed: see `TrustOptions`."""

    confidence: float = Field(default=TrustOptions.confidence, gt=0, lt=1, description="chance of wronging a source")
    least: PositiveInt = Field(default=TrustOptions.least, description="labels before a source is judged")
    margin: float = Field(default=TrustOptions.margin, ge=0, lt=1)
    memory: float = Field(default=TrustOptions.memory, ge=2, description="about how many labels are remembered")

    def options(self) -> TrustOptions:
        """Return them as the learner takes them."""
        return TrustOptions(**self.model_dump())


class AdwinTable(Table):
    """ADWIN watches the errors."""

    detector: Literal["adwin"]
    delta: float = Field(default=AdwinOptions.delta, gt=0, lt=1, description="chance of a false alarm at a check")

    def options(self) -> AdwinOptions:
        """Return them as the learner takes them."""
        return AdwinOptions(self.delta)


class PageHinkleyTable(Table):
    """Page-Hinkley watches the errors."""

    detector: Literal["page-hinkley"]
    threshold: PositiveFloat = Field(default=PageHinkleyOptions.threshold, description="errors in excess")
    tolerance: Share = Field(default=PageHinkleyOptions.tolerance, description="share of errors above the mean")
    least: PositiveInt = Field(default=PageHinkleyOptions.least, description="labels before any alarm")

    def options(self) -> PageHinkleyOptions:
        """Return them as the learner takes them."""
        return PageHinkleyOptions(self.threshold, self.tolerance, self.least)


ErrorsTable = Annotated[AdwinTable | PageHinkleyTable, Field(discriminator="detector")]


class LearningTable(Table):
    """Learning from labels that come late; without this table the network stays as it is."""

    enabled: bool = True
    heads: tuple[str, ...] = DEFAULTS
    head: dict[HeadName, HeadTable] = Field(default_factory=dict, description="heads with parameters of their own")
    label_delay: Duration = Field(default=20.0)
    capacity: PositiveInt = LearnerOptions.capacity
    memory_bytes: PositiveInt | None = Field(default=None, description="a budget for predictions without labels")
    statistics: NearbyPath | None = Field(default=None, description="the training set's, as .npz")
    startup: int = Field(
        default=0, ge=0, description="without statistics: so many first windows stand in for the training set"
    )
    state: NearbyPath | None = Field(default=None, description="a folder in which learning survives a restart")
    held_out_every: int = Field(default=LearnerOptions.held_out_every, ge=2, description="of a class's labels")
    held_out_per_class: PositiveInt = LearnerOptions.held_out_per_class
    refresh_every: PositiveInt = Field(default=LearnerOptions.refresh_every, description="labels")
    labelled: PositiveInt = Field(default=LearnerOptions.labelled, description="labels kept for heads that begin anew")
    labels_per_minute: PositiveFloat = Field(default=LearnerOptions.labels_per_minute, description="of one source")
    label_burst: float = Field(default=LearnerOptions.label_burst, ge=1, description="of one source at once")
    ask_rate: float = Field(default=LearnerOptions.ask_rate, gt=0, le=0.1, description="share of labels asked for")
    gate: GateTable = Field(default_factory=GateTable)
    trust: TrustTable = Field(default_factory=TrustTable)
    errors: ErrorsTable = Field(default_factory=lambda: AdwinTable(detector="adwin"))

    @model_validator(mode="after")
    def _each_head_is_there_once(self) -> Self:
        known = [*self.head, *CHALLENGERS]
        wrong = [name for name in self.heads if name not in known]
        if wrong or not self.heads:
            found = f"{wrong[0]!r} is unknown" if wrong else "none is named"
            raise ValueError(f"heads: {found}; give some of {', '.join(map(repr, known))}, or a [learning.head.NAME]")
        if len(set(self.heads)) < len(self.heads):
            raise ValueError(f"heads: names a head twice: {', '.join(self.heads)}")
        reserved = [name for name in self.head if name in _RESERVED]
        if reserved:
            raise ValueError(f"head.{reserved[0]}: that name is reserved; give another one")
        idle = [name for name in self.head if name not in self.heads]
        if idle:
            raise ValueError(f"head.{idle[0]}: would not learn; name it in learning.heads, too")
        return self

    def plan(self) -> LearningPlan:
        """Return what the learner is to be made of."""
        own = {field.name: getattr(self, field.name) for field in fields(LearnerOptions) if hasattr(self, field.name)}
        options = LearnerOptions(**{**own, "errors": self.errors.options()})
        return LearningPlan(self._challengers(), options, self.gate.options(), self.trust.options())

    def _challengers(self) -> dict[str, Challenger]:
        own = {name: table.challenger() for name, table in self.head.items()}
        return {name: own.get(name) or CHALLENGERS[name] for name in self.heads}
