"""`GET /api/billing/jobs`: the reconciler's work."""

import pytest

from services.common.errors import InvalidInput
from services.common.wire import to_timestamp
from tests.support.book_messages import NOON
from tests.support.edge import EdgeUnderTest
from tests.support.rest_contract import assert_problem
from tollbook.reconciler.v1 import reconciler_pb2


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", reconciler_pb2.JOB_STATUS_UNSPECIFIED),
        ("?status=all", reconciler_pb2.JOB_STATUS_UNSPECIFIED),
        ("?status=pending", reconciler_pb2.JOB_STATUS_PENDING),
        ("?status=failed", reconciler_pb2.JOB_STATUS_FAILED),
    ],
)
async def test_jobs(edge: EdgeUnderTest, query: str, status: int) -> None:
    edge.fakes.reconciler.jobs = [
        reconciler_pb2.Job(call_id="v3:abc", status=reconciler_pb2.JOB_STATUS_FAILED, last_error="never came")
    ]
    content = (await edge.client.get(f"/api/billing/jobs{query}")).json()
    assert [(job["callId"], job["status"], job["lastError"]) for job in content["jobs"]] == [
        ("v3:abc", "failed", "never came")
    ]
    assert content["nextCursor"] == "next"
    [request] = edge.fakes.reconciler.requests["ListJobs"]
    assert isinstance(request, reconciler_pb2.ListJobsRequest)
    assert request.status == status


async def test_a_job_in_the_list_has_no_history(edge: EdgeUnderTest) -> None:
    edge.fakes.reconciler.jobs = [
        reconciler_pb2.Job(
            call_id="v3:abc",
            session_id="session-1",
            status=reconciler_pb2.JOB_STATUS_COMPLETED,
            attempts=3,
            completed_time=to_timestamp(NOON),
            create_time=to_timestamp(NOON),
        )
    ]
    [job] = (await edge.client.get("/api/billing/jobs")).json()["jobs"]
    assert job == {
        "callId": "v3:abc",
        "sessionId": "session-1",
        "status": "completed",
        "attempts": 3,
        "nextRunAt": None,
        "lastError": None,
        "completedAt": "2026-11-22T12:00:00Z",
        "createdAt": "2026-11-22T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("status=late", 400, "status"),
        ("limit=many", 400, "limit"),
        ("limit=1001", 422, "limit"),
        ("cursor=a&cursor=b", 400, "cursor"),
    ],
)
async def test_a_bad_query_names_the_parameter(
    edge: EdgeUnderTest, query: str, status: int, field: str
) -> None:
    assert_problem(await edge.client.get(f"/api/billing/jobs?{query}"), status, field, field)
    assert edge.fakes.reconciler.requests == {}


async def test_a_cursor_that_the_reconciler_refuses_is_named(edge: EdgeUnderTest) -> None:
    edge.fakes.reconciler.errors["ListJobs"] = InvalidInput("this cursor is not one of ours", "page_token")
    assert_problem(await edge.client.get("/api/billing/jobs?cursor=zzz"), 400, "not one of ours", "cursor")
