"""The service does what its OpenAPI document says: schemathesis makes requests from it, right ones and wrong ones."""

from __future__ import annotations

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from edge_runtime.service.openapi import openapi_document
from support.running import Running
from support.waiting import DEADLINE_S

# The stream of events never ends by itself; test_service.py listens to it.
schema = schemathesis.openapi.from_dict(openapi_document()).exclude(path="/events")


def test_the_document_is_served(running: Running) -> None:
    assert running.get("/openapi.json") == openapi_document()


ASKED = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@schema.parametrize()
@ASKED
def test_the_service_keeps_to_its_document(case: schemathesis.Case, running: Running) -> None:
    case.call_and_validate(base_url=running.url, timeout=DEADLINE_S)


@schema.include(path_regex=r"\{name\}").parametrize()
@ASKED
def test_it_does_for_the_model_that_is_there(case: schemathesis.Case, running: Running) -> None:
    case.path_parameters = {"name": "vibration"}
    if "{version}" in case.path:
        (case.path_parameters["version"],) = running.get("/v2/models/vibration")["versions"]
    # Shapes and names of a model's tensors are not in the document: what does not fit them is refused with 400.
    case.call_and_validate(base_url=running.url, timeout=DEADLINE_S, excluded_checks=[positive_data_acceptance])
