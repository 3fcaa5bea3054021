from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.errors import DataError
from edge_runtime.learning import HeadClassifier, NearestClassMean, RecursiveLeastSquares, StreamingLDA


@pytest.mark.parametrize("model", [HeadClassifier(), HeadClassifier(RecursiveLeastSquares)])
def test_it_learns_in_parts_as_in_one_and_knows_names(model: HeadClassifier) -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 300)
    x, names = 3 * np.eye(3, 5)[truth] + random.normal(size=(300, 5)), np.array(["run", "sit", "walk"])
    whole = HeadClassifier(model.make_head).fit(x, names[truth])
    for part in np.array_split(np.arange(300), 7):
        model.partial_fit(x[part], names[truth][part], classes=names)
    assert model.head_.to_bytes() == whole.head_.to_bytes()
    assert model.score(x, names[truth]) > 0.9
    np.testing.assert_allclose(model.predict_proba(x).sum(axis=1), 1)
    assert model.predict(x[:1])[0] in names


def test_a_label_that_is_no_class_is_refused() -> None:
    model = HeadClassifier().partial_fit([[0.0], [1.0]], ["a", "b"])
    with pytest.raises(DataError, match="'c'"):
        model.partial_fit([[0.0]], ["c"])
    with pytest.raises(DataError, match="no parameter 'depth'"):
        model.set_params(depth=3)
    assert model.set_params(**model.get_params()).make_head is model.make_head


def test_scikit_learns_own_tools_take_it() -> None:
    base = pytest.importorskip("sklearn.base")
    selection = pytest.importorskip("sklearn.model_selection")
    pipeline = pytest.importorskip("sklearn.pipeline")
    scaler = pytest.importorskip("sklearn.preprocessing").StandardScaler
    random = np.random.default_rng(1)
    truth = random.integers(0, 3, 120)
    x, names = 3 * np.eye(3, 5)[truth] + random.normal(size=(120, 5)), np.array(["run", "sit", "walk"])[truth]
    assert base.is_classifier(HeadClassifier())
    assert base.clone(HeadClassifier(NearestClassMean)).make_head is NearestClassMean
    whole = pipeline.make_pipeline(scaler(), HeadClassifier())
    assert min(selection.cross_val_score(whole, x, names, cv=3)) > 0.8
    heads = [StreamingLDA, RecursiveLeastSquares]
    search = selection.GridSearchCV(HeadClassifier(), {"make_head": heads}, cv=3, scoring="neg_log_loss").fit(x, names)
    assert search.best_params_["make_head"] is StreamingLDA
    assert search.predict(x[:1])[0] in names
