"""A head in the shape that scikit-learn's users know: ``partial_fit``, ``predict``, ``predict_proba``, ``score``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from edge_runtime.errors import DataError
from edge_runtime.learning.base import Head
from edge_runtime.learning.slda import StreamingLDA

__all__ = ["HeadClassifier"]


class HeadClassifier:
    """Wraps any head that learns classes; labels may be anything that can be sorted.

    Nothing of scikit-learn is imported where it does not ask. Its pipelines, its cross-validation, its searches and its
    ``clone`` work with this, as they ask for these methods only.

    Parameters
    ----------
    make_head
        Makes the head from ``(features, classes)``.

    Examples
    --------
    >>> model = HeadClassifier()
    >>> model.partial_fit([[0.0, 1.0], [1.0, 0.0], [0.1, 0.9], [0.9, 0.2]], ["a", "b", "a", "b"]).predict([[0.0, 2.0]])
    array(['a'], dtype='<U1')
    """

    _estimator_type = "classifier"

    def __init__(self, make_head: Callable[[int, int], Head] = StreamingLDA) -> None:
        self.make_head = make_head

    def partial_fit(self, X: npt.ArrayLike, y: npt.ArrayLike, classes: Sequence[Any] | None = None) -> Self:  # noqa: N803
        """Learn more samples; the first call says or shows which classes there are.

        Raises
        ------
        DataError
            If a label is none of the classes, or the samples have another length than before.
        """
        rows, labels = np.atleast_2d(np.asarray(X, np.float32)), np.asarray(y)
        if not hasattr(self, "head_"):
            self.classes_ = np.unique(labels if classes is None else np.asarray(classes))
            self.n_features_in_ = rows.shape[1]
            self.head_ = self.make_head(rows.shape[1], len(self.classes_))
        positions = np.searchsorted(self.classes_, labels)
        known = self.classes_[np.minimum(positions, len(self.classes_) - 1)] == labels
        if not known.all():
            raise DataError(f"label {labels[~known][0]!r} is none of the classes {self.classes_.tolist()}")
        self.head_.learn_many(rows, positions.astype(np.int64))
        return self

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:  # noqa: N803
        """Forget everything, and learn these samples once."""
        for name in ("head_", "classes_", "n_features_in_"):
            self.__dict__.pop(name, None)
        return self.partial_fit(X, y)

    def decision_function(self, X: npt.ArrayLike) -> npt.NDArray[np.float32]:  # noqa: N803
        """Return the scores, float32[n, classes]."""
        return self.head_.predict_many(np.atleast_2d(np.asarray(X, np.float32)))

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:  # noqa: N803
        """Return the class of each sample."""
        predicted: npt.NDArray[Any] = self.classes_[self.decision_function(X).argmax(axis=1)]
        return predicted

    def predict_proba(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:  # noqa: N803
        """Return the softmax of the scores, float64[n, classes]."""
        scores = self.decision_function(X).astype(np.float64)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares: npt.NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
        return shares

    def score(self, X: npt.ArrayLike, y: npt.ArrayLike) -> float:  # noqa: N803
        """Return the accuracy."""
        return float((self.predict(X) == np.asarray(y)).mean())

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn, from 1.6 on, that this is a classifier that learns from labels."""
        from sklearn.utils import ClassifierTags, Tags, TargetTags  # noqa: PLC0415 - it is who asks

        return Tags("classifier", TargetTags(required=True), classifier_tags=ClassifierTags())

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - there is nothing deeper
        """Return the parameters."""
        return {"make_head": self.make_head}

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters.

        Raises
        ------
        DataError
            If there is no such parameter.
        """
        unknown = set(parameters) - {"make_head"}
        if unknown:
            raise DataError(f"there is no parameter {sorted(unknown)[0]!r}: there is 'make_head'")
        self.make_head = parameters.get("make_head", self.make_head)
        return self
