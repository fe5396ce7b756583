"""The charges of a call leg: its parts, or what it costs at least until they are here (rules 3.h and 3.l)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from services.common.money import Money
from services.common.times import format_rfc3339
from services.ledger.charges import Charge
from services.ledger.evidence import LegEvidence
from services.ledger.facts import EstimateRate, Rules
from services.ledger.parts import FROM_CALL_COST, FROM_RECORD, Part, record_part, webhook_part


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What a leg costs at least until its base parts are here: a whole `call.cost`, else the estimate."""

    currency: str
    nanos: int
    source: str


def leg_charges(
    evidence: LegEvidence, estimate: int | None, rate: EstimateRate, rules: Rules, can_settle: bool
) -> tuple[Charge, ...]:
    """What a leg costs, one charge per currency. `estimate` is in nanos, None until the call has ended."""
    floor = _floor(evidence, estimate, rate, rules)
    lines = _lines(evidence, rules)
    costs = _sums(lines)
    is_floored = (
        not is_base_present(evidence)
        and not _has_other_currency(lines, floor)
        and floor.nanos > costs[floor.currency]
    )
    if is_floored:
        costs[floor.currency] = floor.nanos
    # Where the floor counts it is alone: nothing is charged in another currency.
    currencies = _currencies(costs, lines, floor)
    charges = []
    for currency in currencies:
        # A line that costs nothing, in a currency that has no charge, is shown with the first.
        own = tuple(
            line
            for line in lines
            if currency == (line.currency if line.currency in currencies else currencies[0])
        )
        source = floor.source if is_floored else _source(own, rate, can_settle)
        cost = Money(currency, costs[currency])
        charges.append(_charge(evidence, cost, own, source, _details(evidence, own, rate), can_settle))
    return tuple(charges)


def is_base_present(evidence: LegEvidence) -> bool:
    """The parts alone say what the leg costs: nothing of its base set, if it has one, is still to come."""
    if not evidence.story.is_answered:
        return True
    return all(evidence.parts[name].is_present for name in evidence.base_types)


def _floor(evidence: LegEvidence, estimate: int | None, rate: EstimateRate, rules: Rules) -> Floor:
    cost = evidence.story.call_cost
    if cost is not None and not cost.parts and cost.total is not None:
        return Floor(currency=cost.total.currency, nanos=cost.total.nanos, source=FROM_CALL_COST)
    return Floor(currency=rules.account_currency, nanos=estimate or 0, source=rate.source)


def _lines(evidence: LegEvidence, rules: Rules) -> list[Part]:
    currency = rules.account_currency
    lines: list[Part] = []
    for part in evidence.parts.values():
        if part.uses_records:
            lines += [record_part(record, currency) for record in evidence.records_at_home(part)]
        else:
            lines += [webhook_part(told, currency) for told in part.cost_parts]
    return lines + [record_part(record, currency) for record in evidence.guests]


def _sums(lines: list[Part]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.currency] += line.cost_nanos
    return sums


def _has_other_currency(lines: list[Part], floor: Floor) -> bool:
    """Once billed parts have another currency than the estimate, the estimate is 0 (rule 3.l)."""
    return any(line.currency != floor.currency and (line.cost_nanos or line.billed_seconds) for line in lines)


def _currencies(costs: Mapping[str, int], lines: list[Part], floor: Floor) -> list[str]:
    """The currencies in which something is charged, even if it adds up to 0; at the least one."""
    charged = {currency for currency, nanos in costs.items() if nanos}
    charged |= {line.currency for line in lines if line.cost_nanos}
    return sorted(charged) or [next((line.currency for line in lines), floor.currency)]


def _charge(
    evidence: LegEvidence,
    cost: Money,
    lines: tuple[Part, ...],
    source: str,
    details: Mapping[str, object],
    can_settle: bool,
) -> Charge:
    story = evidence.story
    is_outbound = story.direction == "outbound"
    return Charge(
        kind="call",
        record_id=story.facts.call_id,
        currency=cost.currency,
        cost_nanos=cost.nanos,
        can_settle=can_settle,
        source=source,
        phone_number=story.from_number if is_outbound else story.to_number,
        contact=story.other_party,
        direction=story.direction,
        billing_at=story.started_at,
        duration_s=story.duration_s,
        parts=lines,
        details=details,
    )


def _source(lines: tuple[Part, ...], rate: EstimateRate, can_settle: bool) -> str:
    sources = {line.source for line in lines}
    if len(sources) > 1:
        return "mixed"
    if sources:
        return sources.pop()
    return FROM_RECORD if can_settle else rate.source


def _details(evidence: LegEvidence, lines: tuple[Part, ...], rate: EstimateRate) -> dict[str, object]:
    """What the charge's metadata needs beyond its parts."""
    observed = [record.observed_at for record in evidence.home_records]
    return {
        "nanosPerMinute": rate.nanos_per_minute,
        "fetchedAt": format_rfc3339(max(observed)) if observed else None,
        "billedSeconds": _leading_seconds(lines, "billed_seconds"),
        "callSeconds": _leading_seconds(lines, "call_seconds"),
    }


def _leading_seconds(lines: tuple[Part, ...], field: str) -> int | None:
    """That of the sip-trunking record, else the largest (design, section 2)."""
    trunk = [getattr(line, field) for line in lines if line.record_type == "sip-trunking"]
    every = [getattr(line, field) for line in lines]
    for candidates in (trunk, every):
        known = [seconds for seconds in candidates if seconds]
        if known:
            return int(max(known))
    return next((0 for seconds in every if seconds is not None), None)
