"""What the legs of a session cost (rules 3.h, 3.i and 3.l)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from services.common.times import format_rfc3339
from services.ledger.charges import Charge, Leg, OpenItem
from services.ledger.estimate import estimate_nanos, is_on_net
from services.ledger.evidence import LegEvidence
from services.ledger.facts import EstimateRate, Rules
from services.ledger.leg_story import carries_call
from services.ledger.parts import (
    FROM_CALL_COST,
    Part,
    part_amounts,
    record_amounts,
    record_part,
    webhook_part,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What a leg costs at least until its base parts are here: a whole `call.cost`, else the estimate."""

    currency: str
    nanos: int
    source: str


def derive_leg(evidence: LegEvidence, rate: EstimateRate, rules: Rules) -> tuple[Leg, OpenItem | None]:
    """One leg, its charges, and what it still waits for (None when it waits for nothing)."""
    story = evidence.story
    estimate = _estimate_nanos(evidence, rate)
    missing = _missing(evidence, rules)
    unreadable = _unreadable(evidence)
    can_settle = not missing and not unreadable and _has_cause_to_settle(evidence)
    charges = _charges(evidence, estimate, rate, rules, can_settle)
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
        charges=charges,
        missing=missing,
        unreadable=tuple(unreadable),
    )
    return leg, _open_item(evidence, leg, can_settle)


def _estimate_nanos(evidence: LegEvidence, rate: EstimateRate) -> int | None:
    story = evidence.story
    if story.hangup is None:
        return None
    if not story.is_answered:
        return 0
    return estimate_nanos(story.estimated_talk_time, rate.nanos_per_minute, _is_on_net(evidence))


def _is_on_net(evidence: LegEvidence) -> bool:
    story = evidence.story
    return is_on_net(story.to_number if story.direction == "outbound" else story.from_number)


def _base_types(evidence: LegEvidence, rules: Rules) -> tuple[str, ...]:
    """What an answered leg must have before its cost is known; a silent leg has no base set (rule 3.h)."""
    story = evidence.story
    return rules.base_types if story.facts.is_announced and story.is_answered else ()


def _missing(evidence: LegEvidence, rules: Rules) -> tuple[str, ...]:
    """The types still to come, in the order of their names."""
    wanted = {*_base_types(evidence, rules)}
    wanted |= {part.record_type for part in evidence.parts.values() if part.expected_count}
    missing = {name for name in wanted if not evidence.parts[name].is_present}
    if not evidence.story.is_answered and not _is_shown_unanswered(evidence, rules):
        missing |= {name for name in rules.base_types if not evidence.parts[name].is_closed}
    return tuple(sorted(missing))


def _is_shown_unanswered(evidence: LegEvidence, rules: Rules) -> bool:
    """An unanswered leg settles with a zero record or a closed window, never at hang-up (rule 3.h)."""
    story = evidence.story
    if not story.facts.is_announced:
        return True
    if any(carries_call(r) or r.record_type in rules.base_types for r in story.facts.records):
        return True
    return bool(rules.base_types) and all(evidence.parts[name].is_closed for name in rules.base_types)


def _has_cause_to_settle(evidence: LegEvidence) -> bool:
    """Facts about money, or a closed window, have shown what the leg cost; the absence of both never does."""
    story = evidence.story
    has_money = bool(story.facts.records) or bool(evidence.guests) or story.call_cost is not None
    return has_money or any(part.is_closed for part in evidence.parts.values())


def _unreadable(evidence: LegEvidence) -> list[str]:
    return [sentence for part in evidence.parts.values() for sentence in part.unreadable]


def _floor(evidence: LegEvidence, estimate: int | None, rate: EstimateRate, rules: Rules) -> Floor:
    cost = evidence.story.call_cost
    if cost is not None and not cost.parts and cost.total is not None:
        return Floor(currency=cost.total.currency, nanos=cost.total.nanos, source=FROM_CALL_COST)
    return Floor(currency=rules.account_currency, nanos=estimate or 0, source=rate.source)


def _charges(
    evidence: LegEvidence, estimate: int | None, rate: EstimateRate, rules: Rules, can_settle: bool
) -> tuple[Charge, ...]:
    if not can_settle and estimate is None and not _has_cause_to_settle(evidence):
        return ()
    floor = _floor(evidence, estimate, rate, rules)
    parts = _booked_parts(evidence, rules)
    sums = _sums(evidence)
    is_base_present = all(evidence.parts[name].is_present for name in _base_types(evidence, rules))
    is_floored = (
        not is_base_present and not _has_other_currency(sums, floor) and floor.nanos > sums[floor.currency]
    )
    if is_floored:
        sums[floor.currency] = floor.nanos
    costs = {currency: nanos for currency, nanos in sums.items() if nanos} or {
        next((part.currency for part in parts), floor.currency): 0
    }
    return tuple(
        _charge(evidence, currency, nanos, parts, floor if is_floored else None, rate, can_settle)
        for currency, nanos in sorted(costs.items())
    )


def _has_other_currency(sums: Mapping[str, int], floor: Floor) -> bool:
    """Once billed parts have another currency than the estimate, the estimate is 0 (rule 3.l)."""
    return any(nanos for currency, nanos in sums.items() if currency != floor.currency)


def _sums(evidence: LegEvidence) -> Counter[str]:
    sums: Counter[str] = Counter()
    for part in evidence.parts.values():
        own = [r for r in part.records if (r.record_type, r.record_id) not in evidence.lent]
        sums.update(record_amounts(own) if part.uses_records else part_amounts(part.cost_parts))
    sums.update(record_amounts(evidence.guests))
    return sums


def _booked_parts(evidence: LegEvidence, rules: Rules) -> list[Part]:
    currency = rules.account_currency
    lines: list[Part] = []
    for part in evidence.parts.values():
        own = [r for r in part.records if (r.record_type, r.record_id) not in evidence.lent]
        if part.uses_records:
            lines += [record_part(record, currency) for record in own]
        else:
            lines += [webhook_part(told, currency) for told in part.cost_parts]
    return lines + [record_part(record, currency) for record in evidence.guests]


def _charge(
    evidence: LegEvidence,
    currency: str,
    nanos: int,
    parts: list[Part],
    floor: Floor | None,
    rate: EstimateRate,
    can_settle: bool,
) -> Charge:
    story = evidence.story
    is_outbound = story.direction == "outbound"
    lines = tuple(part for part in parts if part.currency == currency)
    return Charge(
        kind="call",
        record_id=story.facts.call_id,
        currency=currency,
        cost_nanos=nanos,
        can_settle=can_settle,
        source=floor.source if floor else _source(lines, rate, can_settle),
        phone_number=story.from_number if is_outbound else story.to_number,
        contact=story.to_number if is_outbound else story.from_number,
        direction=story.direction,
        billing_at=story.started_at,
        duration_s=story.duration_s,
        parts=lines,
        details=_details(evidence, lines, rate),
    )


def _source(lines: tuple[Part, ...], rate: EstimateRate, can_settle: bool) -> str:
    sources = {part.source for part in lines}
    if len(sources) > 1:
        return "mixed"
    if sources:
        return sources.pop()
    return "detail_records_api" if can_settle else rate.source


def _details(evidence: LegEvidence, lines: tuple[Part, ...], rate: EstimateRate) -> dict[str, object]:
    """What the charge's metadata needs beyond its parts."""
    observed = [r.observed_at for part in evidence.parts.values() for r in part.records]
    return {
        "nanosPerMinute": rate.nanos_per_minute,
        "fetchedAt": format_rfc3339(max(observed)) if observed else None,
        "billedSeconds": _leading_seconds(lines, "billed_seconds"),
        "callSeconds": _leading_seconds(lines, "call_seconds"),
    }


def _leading_seconds(lines: tuple[Part, ...], field: str) -> int | None:
    """That of the sip-trunking record, else the largest (design, section 2)."""
    trunk = [getattr(part, field) for part in lines if part.record_type == "sip-trunking"]
    every = [getattr(part, field) for part in lines]
    for candidates in (trunk, every):
        known = [seconds for seconds in candidates if seconds]
        if known:
            return int(max(known))
    return next((0 for seconds in every if seconds is not None), None)


def _open_item(evidence: LegEvidence, leg: Leg, can_settle: bool) -> OpenItem | None:
    unclosed = {name for name, part in evidence.parts.items() if not part.rests_on_records} | set(leg.missing)
    if can_settle and not unclosed:
        return None
    story = evidence.story
    return OpenItem(
        kind="call",
        record_id=leg.call_id,
        session_id=leg.session_id,
        call_control_id=leg.call_control_id,
        leg_id=leg.leg_id,
        span=story.span,
        open_at=story.open_at,
        can_settle=can_settle,
        missing=leg.missing,
        unclosed=tuple(sorted(unclosed)),
        unreadable=leg.unreadable,
    )
