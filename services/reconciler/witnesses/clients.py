"""The ledger's sessions and Telnyx's session analysis over gRPC, behind the ports of the witnesses."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import grpc

from services.common.rpc_errors import answer_of
from services.common.wire import from_money, from_timestamp, optional_money, optional_time, to_timestamp
from services.reconciler.witnesses.testimony import Analysis, LegCost, PartCost, SessionStory
from services.telnyx_vocabulary.webhook_event import CallCost
from services.telnyx_vocabulary.webhook_events import read_event
from tollbook.ledger.v1 import book_pb2, ledger_pb2, ledger_pb2_grpc
from tollbook.telnyx.v1 import account_pb2, account_pb2_grpc

_FROM_RECORDS: Final = "detail_records_api"
_COST_EVENTS: Final = frozenset({"call.cost", "call.hangup"})
"""Older accounts saw a cost on the hang-up (Telnyx facts, section 2)."""

_PATIENT_TIMEOUT_S: Final = 20.0


class SessionClient:
    """The ledger's sessions; failures come as TollbookError."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = ledger_pb2_grpc.LedgerServiceStub(channel)

    async def story(self, session_id: str) -> SessionStory:
        answer = await answer_of(self._stub.GetSession(ledger_pb2.GetSessionRequest(session_id=session_id)))
        session, facts = answer.session, ledger_pb2.ListCallFactsResponse()
        if session.calls:
            request = ledger_pb2.ListCallFactsRequest(id=session.calls[0].telnyx_call_id)
            facts = await answer_of(self._stub.ListCallFacts(request))
        return decode_story(session, facts)


class AnalysisClient:
    """Telnyx's session analysis, through telnyx-gateway; failures come as TollbookError."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = account_pb2_grpc.AccountServiceStub(channel)

    async def analysis(self, session_id: str, about_at: datetime | None) -> Analysis:
        request = account_pb2.GetSessionAnalysisRequest(
            session_id=session_id, about_time=to_timestamp(about_at)
        )
        answer = await answer_of(self._stub.GetSessionAnalysis(request, timeout=_PATIENT_TIMEOUT_S))
        return Analysis(
            total=optional_money(answer, "total_cost"),
            events=tuple(
                PartCost(event.record_type, from_money(event.cost))
                for event in answer.events
                if event.HasField("cost")
            ),
            unreadable=tuple(answer.unreadable),
        )


def decode_story(session: book_pb2.Session, facts: ledger_pb2.ListCallFactsResponse) -> SessionStory:
    """A session with its records, and with what its webhooks told of costs."""
    starts = [optional_time(call, "start_time") for call in session.calls]
    costly = [event for event in facts.events if event.event_type in _COST_EVENTS and not event.quarantined]
    return SessionStory(
        session_id=session.session_id,
        start_at=min(filter(None, starts), default=None),
        is_exact=session.status == book_pb2.CHARGE_STATUS_EXACT,
        leg_count=len(session.calls),
        records=_records(session, facts.records),
        leg_costs=_leg_costs(costly),
        forgotten_count=sum(event.event_type == "call.cost" and not event.raw_json for event in costly),
    )


def _records(session: book_pb2.Session, facts: Iterable[book_pb2.RecordFact]) -> tuple[PartCost, ...]:
    """The records as they are charged, those too in whose place a webhook's parts still count."""
    charged = [(part, call.telnyx_call_id) for call in session.calls for part in call.parts]
    charged += [(part, "") for part in session.other_parts]
    records = {
        (part.record_type, part.record_id): PartCost(part.record_type, from_money(part.cost), call_id)
        for part, call_id in charged
        if part.source == _FROM_RECORDS and part.HasField("cost")
    }
    for fact in facts:
        if fact.counts and fact.HasField("cost"):
            told = PartCost(fact.record_type, from_money(fact.cost), fact.telnyx_call_id)
            records.setdefault((fact.record_type, fact.record_id), told)
    return tuple(records.values())


def _leg_costs(events: Iterable[book_pb2.EventFact]) -> tuple[LegCost, ...]:
    """Of each leg the latest word that carries an amount and is no error (design, rule 3.d); a hang-up's comes last."""
    latest: dict[str, tuple[tuple[bool, datetime, str], CallCost]] = {}
    for event in events:
        cost = _cost_of(event)
        if cost is None:
            continue
        order = (event.event_type == "call.cost", from_timestamp(event.occurred_time), event.event_id)
        if event.telnyx_call_id not in latest or latest[event.telnyx_call_id][0] < order:
            latest[event.telnyx_call_id] = (order, cost)
    return tuple(
        LegCost(
            call_id=call_id,
            total=cost.total,
            parts=tuple(
                PartCost(part.record_type, part.cost, call_id) for part in cost.parts if part.cost is not None
            ),
        )
        for call_id, (_, cost) in sorted(latest.items())
    )


def _cost_of(event: book_pb2.EventFact) -> CallCost | None:
    if not event.raw_json:
        return None
    read = read_event(event.raw_json.encode(), from_timestamp(event.received_time), event.quarantined)
    cost = read.call_cost
    has_amount = cost is not None and (cost.total is not None or any(part.cost for part in cost.parts))
    return cost if cost is not None and has_amount and not cost.is_error else None
