"""The accelerator seam: one interface, whatever runs the network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from edge_runtime.compiler.program import Program
from edge_runtime.model.head import QuantizedHead

__all__ = ["Accelerator", "Inference"]


@dataclass(frozen=True)
class Inference:
    """What one inference gave.

    Parameters
    ----------
    outputs
        The network's outputs, in the model's order, shapes and dtypes.
    embedding
        int8[features], the head's input; None where the network has no head.
    cycles
        Engine cycles as the hardware counted them; 0 where there is no engine.
    job_cycles
        Cycles from the doorbell to the last output in the processor's memory, transfers included, where a burst master
        moves inputs and outputs; 0 elsewhere.
    period_cycles
        The same from the end of the job before, or from the doorbell if that came later: what each inference of a
        stream takes.
    """

    outputs: tuple[npt.NDArray[Any], ...]
    embedding: npt.NDArray[np.int8] | None
    cycles: int
    job_cycles: int = 0
    period_cycles: int = 0


class Accelerator(ABC):
    """Runs one program at a time; used as a context manager, or closed by hand.

    Attributes
    ----------
    deadline_s
        How long a run may take, in seconds, where there is something that can hang; may be changed between two runs.
    """

    deadline_s: float = 10.0

    @abstractmethod
    def load(self, program: Program) -> None:
        """Make `program` the one that `infer` runs.

        Raises
        ------
        FitError
            If the program was compiled for another overlay than this one.
        """

    @abstractmethod
    def infer(self, inputs: Sequence[npt.NDArray[Any]]) -> Inference:
        """Run the network once on `inputs` (the model's order, shapes and dtypes).

        Raises
        ------
        DataError
            If an input has another shape or dtype than the model's.
        DeadlineError
            If the engine does not finish in time.
        """

    def infer_stream(self, inputs: Iterable[Sequence[npt.NDArray[Any]]]) -> Iterator[Inference]:
        """Run the network on one input after the other, as `infer` does.

        Where there is a burst master, the next input is fetched beside the present computation; a result then comes
        when two more inputs have been asked for, or there are no more. Nothing else is asked of the accelerator until
        the last result has come, or the iterator is closed.

        Raises
        ------
        DataError, DeadlineError
            As for `infer`.
        """
        yield from map(self.infer, inputs)

    @abstractmethod
    def load_head(self, head: QuantizedHead, *, probes: npt.NDArray[np.int8] | None = None) -> None:
        """Replace the last layer; the next inference uses all of the new one, and none of the old.

        Parameters
        ----------
        head
            The new one.
        probes
            int8[n, features], kept embeddings on which hardware tries the new head against the reference before it
            serves; None: it is not tried.

        Raises
        ------
        FitError
            If the head has another size than the network's, or the network has none.
        MismatchError
            If the new head does not give what the reference gives; the old one stays in use.
        """

    @abstractmethod
    def close(self) -> None:
        """Release what the accelerator holds; closing twice does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
