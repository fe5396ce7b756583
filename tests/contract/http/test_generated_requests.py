"""Requests that schemathesis generates from the document: at every boundary of every parameter, and at random.

Whatever comes: no 500, a documented status, content type and shape; what the document allows is answered, and what it
forbids is refused, with the name of the parameter. They are the same requests in every run.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, CheckFunction, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from gateway.access import Access
from gateway.api_keys import ApiKey, Scope, digest_of
from tests.support.book_messages import charge, leg, totals
from tests.support.edge import EdgeUnderTest, open_edge_under_test
from tests.support.proof_messages import audit, history, statement, witnesses
from tests.support.rest_contract import PROBLEM, assert_as_documented, documented_operations, read_contract
from tollbook.ledger.v1 import book_pb2, ledger_pb2
from tollbook.reconciler.v1 import reconciler_pb2

OPERATIONS = documented_operations()
AnyCase = Case[Any]
KEY = "opens-everything-0123"


@pytest.fixture
async def edge() -> AsyncIterator[EdgeUnderTest]:
    """An edge that knows something about everything it is asked for, reached with a key that opens everything."""
    key = ApiKey("all", frozenset(Scope), digest_of(KEY.encode()), is_short=False)
    async with open_edge_under_test(Access(keys=(key,))) as opened:
        opened.client.headers["authorization"] = f"Bearer {KEY}"
        ledger, reconciler = opened.fakes.ledger, opened.fakes.reconciler
        ledger.charges = [charge(number) for number in range(3)]
        ledger.summary = ledger_pb2.SummarizeResponse(
            totals=[totals(), totals("EUR")],
            groups=[ledger_pb2.SummaryGroup(key="2026-11-22", totals=[totals()])],
        )
        ledger.calls["v3:abc"] = leg()
        ledger.sessions["v3:abc"] = book_pb2.Session(session_id="v3:abc", calls=[leg()])
        reconciler.fetched = reconciler_pb2.FetchCallCostResponse(call_id="v3:abc", settled=True)
        reconciler.jobs = [reconciler_pb2.Job(call_id="v3:abc")]
        opened.fakes.audits.audit = audit()
        opened.fakes.audits.witnesses["v3:abc"] = witnesses()
        opened.fakes.balances.history = history(1, 2)
        opened.fakes.balances.statement = statement()
        yield opened


def _boundary_cases(method: str, path: str) -> Iterator[AnyCase]:
    """Each parameter at each of its limits and just beyond, missing, doubled, of another type; and other methods."""
    contract = read_contract()
    operation = contract[path][method]
    for case in contract.iter_coverage_cases(
        operation,
        generation_modes=list(GenerationMode),
        generation_config=contract.config.generation_for(operation=operation),
    ):
        # What a document cannot say: the two ways to tell a range exclude each other.
        others = {"from", "to"} if _changed_parameter(case) == "days" else {"days"}
        if len({"days", "from", "to"} & case.query.keys()) > 1:
            case.query = {name: value for name, value in case.query.items() if name not in others}
        yield case


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_every_boundary(edge: EdgeUnderTest, method: str, path: str) -> None:
    count = 0
    for case in _boundary_cases(method, path):
        response = await _send(edge, case)
        # Which time zones there are is not in the document, nor how far apart `from` and `to` may be.
        can_be_untold = {"zone", "from", "to"} & case.query.keys()
        _check(case, response, *(_untold_refusal(response) if can_be_untold else ()))
        refused = _changed_parameter(case)
        if response.status_code in (400, 422) and refused:
            assert _refused_field(response, {refused})
        count += 1
    assert count > 0


def _random_cases(method: str, path: str, mode: GenerationMode) -> list[AnyCase]:
    """Drawn beforehand: hypothesis cannot draw within a running event loop."""
    operation = read_contract()[path][method]
    cases: list[AnyCase] = []
    if mode.is_negative and not operation.body and not any(operation.iter_parameters()):
        return cases

    @settings(
        max_examples=25,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def collect(case: AnyCase) -> None:
        cases.append(case)

    collect()
    return cases


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_anything_at_random(edge: EdgeUnderTest, method: str, path: str, mode: GenerationMode) -> None:
    known = {parameter.name for parameter in read_contract()[path][method].iter_parameters()}
    for case in _random_cases(method, path, mode):
        response = await _send(edge, case)
        _check(case, response, *_untold_refusal(response))
        if response.status_code in (400, 422) and method == "GET":
            assert _refused_field(response, known)


async def _send(edge: EdgeUnderTest, case: AnyCase) -> httpx.Response:
    prepared = requests.Request(**case.as_transport_kwargs(base_url="http://localhost:3000")).prepare()
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    assert body is None or isinstance(body, bytes)
    headers = [(str(name).encode(), _as_bytes(value)) for name, value in prepared.headers.items()]
    return await edge.client.request(case.method, str(prepared.url), content=body, headers=headers)


def _as_bytes(text: str | bytes) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text


def _check(case: AnyCase, response: httpx.Response, *excluded: CheckFunction) -> None:
    assert_as_documented(response)
    try:
        # That a key is asked for is tested beside the document; this check would send the request once more.
        case.validate_response(response, excluded_checks=[ignored_auth, *excluded])
    except FailureGroup as failures:
        raise AssertionError(str(failures)) from None


def _untold_refusal(response: httpx.Response) -> list[CheckFunction]:
    """Sense is not a matter of form: a range that ends before it begins, a cursor that nobody gave out, ..."""
    is_about_sense = response.status_code == 422 or "the cursor" in response.text
    is_about_length = "an audit covers at most" in response.text
    is_about_blanks = "Missing callControlId" in response.text
    is_about_print = response.status_code == 400 and "printable" in response.text
    return (
        [positive_data_acceptance]
        if is_about_sense or is_about_length or is_about_blanks or is_about_print
        else []
    )


def _refused_field(response: httpx.Response, expected: set[str]) -> bool:
    """Whether the parameter that a refusal names is one of these: in the problem document, or in words on a page."""
    if response.headers["content-type"] == PROBLEM:
        return response.json()["field"] in expected
    return any(name in response.text for name in expected)


def _changed_parameter(case: AnyCase) -> str:
    """The query or path parameter that a negative case is about."""
    if case.meta is None or case.meta.generation.mode.is_positive:
        return ""
    phase = case.meta.phase.data
    location = getattr(phase, "parameter_location", None)
    name = getattr(phase, "parameter", None)
    return str(name) if name and location in ("query", "path") else ""
