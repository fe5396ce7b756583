"""A call leg as the facts have it: what it costs, what is missing, and whether it can settle (rules 3.h to 3.j)."""

from services.ledger.charges import Leg, OpenItem
from services.ledger.estimate import estimate_nanos, is_on_net
from services.ledger.evidence import LegEvidence
from services.ledger.expectations import missing_parts
from services.ledger.facts import EstimateRate, Rules
from services.ledger.leg_charges import leg_charges
from services.ledger.unreadable import record_sentences


def derive_leg(evidence: LegEvidence, rate: EstimateRate, rules: Rules) -> tuple[Leg, OpenItem | None]:
    """One leg, its charges, and what it still waits for (None when it waits for nothing)."""
    story = evidence.story
    estimate = _estimate_nanos(evidence, rate)
    reasons = missing_parts(evidence)
    missing = tuple(reasons)
    unreadable = _unreadable(evidence)
    has_cause = _has_cause_to_settle(evidence)
    can_settle = has_cause and not missing and not unreadable
    is_ended = estimate is not None or has_cause
    leg = Leg(
        call_id=story.facts.call_id,
        session_id=story.facts.session_id,
        call_control_id=story.facts.call_control_id,
        leg_id=story.facts.leg_id,
        ids=story.facts.ids,
        from_number=story.from_number,
        to_number=story.to_number,
        direction=story.direction,
        call_status=story.call_status,
        duration_s=story.duration_s,
        started_at=story.started_at,
        answered_at=story.answered_at,
        ended_at=story.ended_at,
        hangup_cause=story.hangup.hangup_cause if story.hangup else "",
        estimate_nanos=estimate,
        rate=rate,
        charges=leg_charges(evidence, estimate, rate, rules, can_settle) if is_ended else (),
        missing=missing,
        reasons=tuple(reasons.values()),
        unreadable=unreadable,
        is_announced=story.facts.is_announced,
    )
    return leg, _open_item(evidence, leg, can_settle)


def _estimate_nanos(evidence: LegEvidence, rate: EstimateRate) -> int | None:
    story = evidence.story
    if story.hangup is None:
        return None
    if not story.is_answered:
        return 0
    return estimate_nanos(story.estimated_talk_time, rate.nanos_per_minute, is_on_net(story.other_party))


def _has_cause_to_settle(evidence: LegEvidence) -> bool:
    """Facts about money, or a closed window, have shown what the leg cost; the absence of both never does."""
    parts = evidence.parts.values()
    has_money = bool(evidence.home_records) or any(part.cost_parts for part in parts)
    return has_money or evidence.story.call_cost is not None or any(part.is_closed for part in parts)


def _unreadable(evidence: LegEvidence) -> tuple[str, ...]:
    """Sentences about the amounts that the leg's cost needs and that cannot be read (rule 3.j)."""
    sentences = [text for record in evidence.home_records for text in record_sentences(record)]
    sentences += [
        f"call.cost: the amount of its {name} part cannot be read"
        for name, part in evidence.parts.items()
        if not part.is_replaced and any(told.cost is None for told in part.cost_parts)
    ]
    if not all(evidence.parts[name].is_replaced for name in evidence.base_types):
        sentences += evidence.story.unreadable_costs
    return tuple(sentences)


def _open_item(evidence: LegEvidence, leg: Leg, can_settle: bool) -> OpenItem | None:
    unclosed = {name for name, part in evidence.parts.items() if not part.rests_on_records} | {*leg.missing}
    if can_settle and not unclosed:
        return None
    return OpenItem(
        kind="call",
        record_id=leg.call_id,
        session_id=leg.session_id,
        call_control_id=leg.call_control_id,
        leg_id=leg.leg_id,
        span=evidence.span,
        open_at=evidence.story.open_at,
        can_settle=can_settle,
        missing=leg.missing,
        unclosed=tuple(sorted(unclosed)),
        unreadable=leg.unreadable,
    )
