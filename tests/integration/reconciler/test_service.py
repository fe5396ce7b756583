"""The reconciler's own service over real gRPC."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import grpc
import pytest

from services.common.channel import open_channel
from services.common.database import open_database
from services.common.errors import InvalidInput, NotFound, TelnyxUnreachable
from services.common.migrations import migrate
from services.common.rpc_errors import from_rpc_error
from services.common.server import Endpoint, open_server
from services.common.wire import from_money, from_timestamp
from services.reconciler.migrations import SCRIPT_LOCATION, VERSION_TABLE
from services.reconciler.reconciler import Reconciler
from services.reconciler.settings import ReconcilerSettings
from tests.integration.reconciler.servers import LOOPBACK
from tests.support.clocks import ManualClock
from tests.unit.reconciler.fakes import COST, FakeLedger, FakeTelnyx, record_of
from tests.unit.reconciler.moments import after, item
from tollbook.reconciler.v1 import reconciler_pb2, reconciler_pb2_grpc

BASE = ("sip-trunking", "call-control")


@dataclass(slots=True)
class Served:
    """The service, and what it works on."""

    clock: ManualClock
    ledger: FakeLedger
    telnyx: FakeTelnyx
    reconciler: Reconciler
    stub: reconciler_pb2_grpc.ReconcilerServiceStub


@pytest.fixture
async def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.chdir(tmp_path)
    clock = ManualClock()
    settings = ReconcilerSettings(reconcile_delays_seconds=(5, 30))
    ledger, telnyx = FakeLedger(clock, settings.settle_horizon), FakeTelnyx(clock)
    database = open_database(f"sqlite:///{tmp_path / 'reconciler.db'}")
    migrate(database, SCRIPT_LOCATION, VERSION_TABLE)
    reconciler = Reconciler(settings, database, ledger, telnyx, clock)
    endpoint = Endpoint(
        listen=LOOPBACK,
        listen_variable="RECONCILER_LISTEN",
        service_names=(),
        add_servicers=partial(
            reconciler_pb2_grpc.add_ReconcilerServiceServicer_to_server, reconciler.service
        ),
    )
    async with open_server(endpoint) as address, open_channel(str(address)) as channel:
        yield Served(clock, ledger, telnyx, reconciler, reconciler_pb2_grpc.ReconcilerServiceStub(channel))
    database.close()


async def test_fetching_a_cost(served: Served) -> None:
    served.ledger.open(item("v3:leg", *BASE))
    waiting = await served.stub.FetchCallCost(reconciler_pb2.FetchCallCostRequest(call_id="v3:leg"))
    assert (waiting.call_id, waiting.settled, waiting.should_retry) == ("v3:leg", False, True)
    assert "not published yet" in waiting.message
    assert not waiting.HasField("cost")
    for name in BASE:
        served.telnyx.publish(record_of(served.ledger.items["v3:leg"], name))
    settled = await served.stub.FetchCallCost(reconciler_pb2.FetchCallCostRequest(call_id="v3:leg"))
    assert (settled.settled, settled.should_retry) == (True, False)
    assert from_money(settled.cost) == COST


@pytest.mark.parametrize("call_id", ["", "x" * 256, "line\nbreak"])
async def test_an_id_that_is_none_is_refused(served: Served, call_id: str) -> None:
    for call in (
        served.stub.FetchCallCost(reconciler_pb2.FetchCallCostRequest(call_id=call_id)),
        served.stub.GetJob(reconciler_pb2.GetJobRequest(call_id=call_id)),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        error = from_rpc_error(caught.value)
        assert isinstance(error, InvalidInput)
        assert error.field == "call_id"


async def test_errors_keep_their_meaning(served: Served) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as unknown:
        await served.stub.FetchCallCost(reconciler_pb2.FetchCallCostRequest(call_id="v3:nobody"))
    assert isinstance(from_rpc_error(unknown.value), NotFound)
    served.telnyx.faults = dict.fromkeys(BASE, TelnyxUnreachable("no answer"))
    with pytest.raises(grpc.aio.AioRpcError) as away:
        await served.stub.FetchCallCost(reconciler_pb2.FetchCallCostRequest(call_id="v3:nobody"))
    assert isinstance(from_rpc_error(away.value), TelnyxUnreachable)


async def test_everything_that_is_due_runs_and_is_counted(served: Served) -> None:
    served.ledger.open(item("good", *BASE), item("bad", *BASE), item("young", *BASE, end_s=3))
    for name in BASE:
        served.telnyx.publish(record_of(served.ledger.items["good"], name))
    served.clock.advance(5)
    counts = await served.stub.ProcessDue(reconciler_pb2.ProcessDueRequest())
    assert (counts.processed, counts.succeeded, counts.failed, counts.retried) == (2, 1, 0, 1)
    served.clock.advance(25)
    counts = await served.stub.ProcessDue(reconciler_pb2.ProcessDueRequest())
    assert (counts.processed, counts.succeeded, counts.failed, counts.retried) == (2, 0, 1, 1)


async def test_jobs_are_listed_page_by_page_and_by_status(served: Served) -> None:
    served.ledger.open(*(item(f"leg-{number}", *BASE) for number in range(7)))
    await served.reconciler.discovery.tick()
    seen: list[str] = []
    token = ""
    while True:
        request = reconciler_pb2.ListJobsRequest(page_size=3, page_token=token)
        answer = await served.stub.ListJobs(request)
        seen += [job.call_id for job in answer.jobs]
        token = answer.next_page_token
        if not token:
            break
    assert sorted(seen) == [f"leg-{number}" for number in range(7)]
    completed = reconciler_pb2.ListJobsRequest(status=reconciler_pb2.JOB_STATUS_COMPLETED)
    assert list((await served.stub.ListJobs(completed)).jobs) == []


@pytest.mark.parametrize(("field", "value"), [("page_token", "not ours"), ("page_size", -1)])
async def test_a_bad_listing_is_refused(served: Served, field: str, value: object) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await served.stub.ListJobs(reconciler_pb2.ListJobsRequest(**{field: value}))  # type: ignore[arg-type]
    error = from_rpc_error(caught.value)
    assert isinstance(error, InvalidInput)
    assert error.field == field


async def test_one_job_with_its_reason(served: Served) -> None:
    served.ledger.open(item("v3:leg", *BASE))
    served.clock.advance(5)
    await served.stub.ProcessDue(reconciler_pb2.ProcessDueRequest())
    job = (await served.stub.GetJob(reconciler_pb2.GetJobRequest(call_id="v3:leg"))).job
    assert (job.call_id, job.session_id, job.attempts) == ("v3:leg", "session-of-v3:leg", 1)
    assert job.status == reconciler_pb2.JOB_STATUS_PENDING
    assert job.last_error == "Telnyx has not published yet: sip-trunking, call-control"
    assert job.HasField("next_run_time")
    assert not job.HasField("completed_time")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await served.stub.GetJob(reconciler_pb2.GetJobRequest(call_id="v3:other"))
    assert isinstance(from_rpc_error(caught.value), NotFound)


async def test_one_job_with_its_attempts(served: Served) -> None:
    served.ledger.open(item("v3:leg", *BASE))
    served.clock.advance(5)
    await served.stub.ProcessDue(reconciler_pb2.ProcessDueRequest())
    served.clock.advance(1)
    await served.stub.FetchCallCost(reconciler_pb2.FetchCallCostRequest(call_id="v3:leg"))
    for name in BASE:
        served.telnyx.publish(record_of(served.ledger.items["v3:leg"], name))
    served.clock.advance(24)
    await served.stub.ProcessDue(reconciler_pb2.ProcessDueRequest())
    job = (await served.stub.GetJob(reconciler_pb2.GetJobRequest(call_id="v3:leg"))).job
    waits = "Telnyx has not published yet: sip-trunking, call-control"
    told = [
        (from_timestamp(line.finish_time), line.settled, line.manual, line.reason) for line in job.history
    ]
    assert told == [
        (after(5), False, False, waits),
        (after(6), False, True, waits),
        (after(30), True, False, ""),
    ]
    listed = (await served.stub.ListJobs(reconciler_pb2.ListJobsRequest())).jobs
    assert [(one.call_id, len(one.history)) for one in listed] == [("v3:leg", 0)]
