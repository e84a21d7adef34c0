"""Every door answers as it is described, whatever it is sent: no 500, and nothing outside its schema."""

from functools import cache
from itertools import islice
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.proof.apart import Apart
from tests.protocol.described import DESCRIBED, DOORS
from tests.protocol.known import Known

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
MODES = list(schemathesis.GenerationMode)
PROOF = hypothesis.settings.default.max_examples > 1_000
EDGES = 1_000 if PROOF else 40


@cache
def schema() -> Any:
    return schemathesis.openapi.from_dict(DESCRIBED, config=SchemathesisConfig())


def test_the_schema_that_is_served_is_the_one_that_is_searched(apart: Apart) -> None:
    assert requests.get(f"{apart.base_url}/schema/openapi.json", timeout=30).json() == DESCRIBED


# Schemathesis itself draws from `random`, which Hypothesis seeds.
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
@pytest.mark.parametrize(("path", "method"), DOORS, ids=[f"{method.upper()} {path}" for path, method in DOORS])
def test_a_door_answers_as_it_is_described(apart: Apart, path: str, method: str) -> None:
    operation = schema()[path][method]
    known = Known(apart)
    session = requests.Session()

    def ask(case: Any) -> None:
        answer = case.call(apart.base_url, session=session, headers=known.fill(case), allow_redirects=False, timeout=30)
        case.validate_response(answer, checks=CHECKS)

    edges = schema().iter_coverage_cases(
        operation, generation_modes=MODES, generation_config=schema().config.generation_for(operation=operation)
    )
    for case in islice(edges, EDGES):
        ask(case)

    @hypothesis.settings(suppress_health_check=list(HealthCheck))
    @given(st.one_of([operation.as_strategy(generation_mode=mode) for mode in MODES]))
    def search(case: Any) -> None:
        ask(case)

    search()
