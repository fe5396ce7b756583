"""The reconciler's service for history over real gRPC."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest

from services.common.channel import open_channel
from services.common.errors import Conflict, InvalidInput, TelnyxRefused, TelnyxUnreachable, TollbookError
from services.common.rpc_errors import from_rpc_error
from services.common.server import Endpoint, open_server
from services.common.wire import to_date, to_timestamp
from services.reconciler.backfill_service import BackfillService
from services.reconciler.deliveries.recovery import Recovery
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.integration.reconciler.servers import LOOPBACK
from tests.unit.reconciler.backfill.worlds import Past, make_past, record
from tests.unit.reconciler.conftest import migrated
from tests.unit.reconciler.deliveries.backends import FakeBackends
from tollbook.reconciler.v1 import backfill_pb2 as pb
from tollbook.reconciler.v1 import backfill_pb2_grpc

FIRST, AFTER = date(2026, 10, 1), date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass(slots=True)
class Served:
    """The service, and what it works on."""

    past: Past
    backends: FakeBackends
    stub: backfill_pb2_grpc.BackfillServiceStub
    waits: asyncio.Event
    """Set once a backfill waits before it tries again; it then does so for ever."""


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    with migrated(f"sqlite:///{tmp_path / 'reconciler.db'}") as database:
        past, backends = make_past(database), FakeBackends()
        waits = asyncio.Event()

        async def wait_for_ever(_: float) -> None:
            waits.set()
            await asyncio.Event().wait()

        service = BackfillService(replace(past.backfill, pause=wait_for_ever), Recovery(backends, backends))
        past.reports.is_ready_at_once = True
        endpoint = Endpoint(
            listen=LOOPBACK,
            listen_variable="RECONCILER_LISTEN",
            service_names=(),
            add_servicers=partial(backfill_pb2_grpc.add_BackfillServiceServicer_to_server, service),
        )
        async with open_server(endpoint) as address, open_channel(str(address)) as channel:
            yield Served(past, backends, backfill_pb2_grpc.BackfillServiceStub(channel), waits)


def _request(first: date = FIRST, after: date = AFTER, **changes: Any) -> pb.BackfillRequest:
    return pb.BackfillRequest(**{"from_day": to_date(first), "to_day": to_date(after), **changes})


async def _error_of(call: Any) -> TollbookError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        if hasattr(call, "__aiter__"):
            async for _ in call:
                pass
        else:
            await call
    return from_rpc_error(caught.value)


async def test_a_backfill_tells_of_itself_until_all_is_done(served: Served) -> None:
    served.past.telnyx.publish(record("messaging", date(2026, 11, 2), "by-window"))
    served.past.reports.rows = [record("messaging", date(2026, 10, 2), "by-report")]
    answers = [answer async for answer in served.stub.Backfill(_request())]
    assert served.past.booked() == {"by-window", "by-report"}
    last = answers[-1]
    assert last.done_units == last.total_units > 500
    assert last.record_count == 2
    assert last.request_count > 0
    assert answers[0].total_units == 0
    assert any(answer.HasField("current_day") for answer in answers)
    told = [trouble for answer in answers for trouble in answer.troubles]
    assert [trouble.split(":")[0] for trouble in told] == ["2026-10-01 to 2026-10-22"]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (_request(AFTER, FIRST), "to_day"),
        (_request(FIRST, FIRST), "to_day"),
        (_request(date(2020, 1, 1), AFTER), "to_day"),
        (pb.BackfillRequest(to_day=to_date(AFTER)), "from_day"),
        (_request(method=9), "method"),
    ],
    ids=["backwards", "no day", "too many", "no first day", "no such method"],
)
async def test_what_cannot_be_asked_is_named(
    served: Served, request_: pb.BackfillRequest, field: str
) -> None:
    error = await _error_of(served.stub.Backfill(request_))
    assert isinstance(error, InvalidInput)
    assert error.field == field


async def test_a_caller_who_hangs_up_makes_room_for_the_next(served: Served) -> None:
    served.past.telnyx.faults["messaging"] = TelnyxUnreachable("no answer")
    answers = aiter(call := served.stub.Backfill(_request()))
    await anext(answers)
    await served.waits.wait()
    assert isinstance(await _error_of(served.stub.Backfill(_request())), Conflict)
    call.cancel()
    served.past.telnyx.faults.clear()
    # The lease goes back once the work has ended, which the caller who hung up is not told of.
    answered = None
    while answered is None:
        answered = await _answers_unless_another_runs(served)
    assert answered[-1].done_units == answered[-1].total_units > 0


async def _answers_unless_another_runs(served: Served) -> list[pb.BackfillResponse] | None:
    try:
        return [answer async for answer in served.stub.Backfill(_request())]
    except grpc.aio.AioRpcError as error:
        if isinstance(from_rpc_error(error), Conflict):
            return None
        raise


async def test_recovered_deliveries_are_counted(served: Served) -> None:
    served.backends.failed = [
        WebhookEvent(event_id=name, event_type=kind, occurred_at=NOON, received_at=NOON)
        for name, kind in (("one", "call.hangup"), ("two", "unreadable"))
    ]
    request = pb.RecoverDeliveriesRequest(
        from_time=to_timestamp(NOON - timedelta(days=92)), to_time=to_timestamp(NOON)
    )
    answer = await served.stub.RecoverDeliveries(request)
    assert (answer.delivery_count, answer.new_count, answer.unreadable_count) == (2, 2, 1)
    assert (await served.stub.RecoverDeliveries(request)).new_count == 0
    served.backends.fault = TelnyxRefused("not for this key")
    assert isinstance(await _error_of(served.stub.RecoverDeliveries(request)), TelnyxRefused)
    served.backends.fault, served.backends.ends_early = None, True
    assert isinstance(await _error_of(served.stub.RecoverDeliveries(request)), TelnyxUnreachable)


@pytest.mark.parametrize(
    ("from_days", "to_days", "field"),
    [
        (None, 0, "from_time"),
        (1, None, "to_time"),
        (0, 0, "to_time"),
        (0, 1, "to_time"),
        (93, 0, "from_time"),
    ],
)
async def test_a_period_that_is_none_is_refused(
    served: Served, from_days: int | None, to_days: int | None, field: str
) -> None:
    from_at, to_at = (
        None if days is None else to_timestamp(NOON - timedelta(days=days)) for days in (from_days, to_days)
    )
    error = await _error_of(
        served.stub.RecoverDeliveries(pb.RecoverDeliveriesRequest(from_time=from_at, to_time=to_at))
    )
    assert isinstance(error, InvalidInput)
    assert error.field == field
