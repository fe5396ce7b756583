"""Which legs, and which facts without a leg, make a session (rules 3.b and 3.c)."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.ledger.legs import Fact, LegFacts, fact_order, group_legs, leg_nodes
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """One session: its legs by call id, and the facts that name the session but no leg.

    `loose_events` are in order of time, `loose_records` of key.
    """

    session_id: str
    legs: tuple[LegFacts, ...]
    loose_events: tuple[WebhookEvent, ...]
    loose_records: tuple[DetailRecord, ...]


def group_sessions(events: Iterable[WebhookEvent], records: Iterable[DetailRecord]) -> list[SessionFacts]:
    """Group the call facts of a cluster into sessions, in the order of their ids; the set of facts alone decides.

    Messages are no call facts and must not be passed. What names no session shares none: each such leg stands for
    itself, and facts with neither session nor leg have no leg to go to.
    """
    facts: list[Fact] = [*events, *records]
    loose: list[Fact] = []
    of_legs: list[Fact] = []
    for fact in facts:
        (of_legs if leg_nodes(fact) else loose).append(fact)
    legs = group_legs(of_legs)
    session_ids = {leg.session_id for leg in legs} | {fact.session_id for fact in loose}
    sessions = []
    for session_id in sorted(session_ids):
        members = sorted((leg for leg in legs if leg.session_id == session_id), key=lambda leg: leg.call_id)
        strangers = [fact for fact in loose if fact.session_id == session_id]
        if session_id:
            sessions.append(_session(session_id, members, strangers))
        else:
            sessions += [_session("", [leg], []) for leg in members]
            sessions.append(_session("", [], strangers))
    return sessions


def _session(session_id: str, legs: list[LegFacts], loose: list[Fact]) -> SessionFacts:
    events = [fact for fact in loose if isinstance(fact, WebhookEvent)]
    records = [fact for fact in loose if isinstance(fact, DetailRecord)]
    return SessionFacts(
        session_id=session_id,
        legs=tuple(legs),
        loose_events=tuple(sorted(events, key=fact_order)),
        loose_records=tuple(sorted(records, key=lambda record: (record.record_type, record.record_id))),
    )
