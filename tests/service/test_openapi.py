"""schemathesis drives the service with what its OpenAPI document allows, and with what it does not."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import HealthCheck, settings

from support.running import Running

schemathesis = pytest.importorskip("schemathesis")


@pytest.fixture(scope="session")
def api(running: Running) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schema = schemathesis.openapi.from_url(f"{running.url}/openapi.json")
    # The stream of events never ends by itself.
    return schema.exclude(path="/events")


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.filterwarnings("ignore")
def test_every_answer_is_what_the_document_says(case: object) -> None:
    case.call_and_validate(timeout=20)  # type: ignore[attr-defined]
