"""`GET` and `POST /api/cron/process-call-costs`."""

import pytest

from gateway.access import Access
from gateway.api_keys import digest_of
from services.common.errors import Unavailable
from tests.support.edge import EdgeUnderTest, open_edge_under_test
from tests.support.rest_contract import assert_problem
from tollbook.reconciler.v1 import reconciler_pb2


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_cron_runs_what_is_due(edge: EdgeUnderTest, method: str) -> None:
    edge.fakes.reconciler.processed = reconciler_pb2.ProcessDueResponse(
        processed=6, succeeded=3, failed=1, retried=2
    )
    response = await edge.client.request(method, "/api/cron/process-call-costs")
    assert response.status_code == 200
    assert response.json() == {
        "success": True,
        "processed": 6,
        "succeeded": 3,
        "failed": 1,
        "retried": 2,
        "timestamp": "2026-11-22T12:00:00Z",
    }


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_cron_while_the_reconciler_is_down(edge: EdgeUnderTest, method: str) -> None:
    edge.fakes.reconciler.errors["ProcessDue"] = Unavailable("the reconciler is starting")
    response = await edge.client.request(method, "/api/cron/process-call-costs")
    assert_problem(response, 503, "the reconciler is starting")


async def test_the_cron_takes_no_other_method(edge: EdgeUnderTest) -> None:
    response = await edge.client.put("/api/cron/process-call-costs")
    assert_problem(response, 405, "")
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert edge.fakes.reconciler.requests == {}


async def test_the_cron_with_its_secret() -> None:
    access = Access(cron_digest=digest_of(b"synthetic-cron-secret"))
    async with open_edge_under_test(access) as edge:
        url = "/api/cron/process-call-costs"
        assert_problem(await edge.client.get(url), 401, "CRON_SECRET")
        headers = {"authorization": "Bearer synthetic-cron-secret"}
        assert (await edge.client.get(url, headers=headers)).status_code == 200
