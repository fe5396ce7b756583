"""Why something costs what it costs, as one sentence that is made of its parts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.pages.record.bill import Bill, BillPart
from gateway.pages.record.part_words import part_name_within
from services.common.money import Money

_SECONDS_PER_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Term:
    """One summand, and what it is for: `for 3 started minutes of SIP trunking`."""

    cost: Money
    words: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The sum in words: `terms` add up to the cost; `verdict` says whether more is to come."""

    terms: tuple[Term, ...]
    free: str
    """The parts that cost nothing, as a clause; empty where there are none."""
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the book says about a charge beside its amounts. `noun`: call, message or record."""

    noun: str = "call"
    is_exact: bool
    missing: Sequence[str] = ()
    has_unreadable: bool = False
    is_over: bool = True
    is_unanswered: bool = False


def explain(bill: Bill | None, circumstances: Circumstances) -> Explanation:
    """The sentence of one cost; of none (None) while a call goes on."""
    parts = bill.parts if bill else ()
    terms, free = [], []
    for group in _groups(parts):
        cost = Money(group[0].cost.currency, sum(part.cost.nanos for part in group))
        if cost.nanos:
            terms.append(Term(cost, f"for {_words(group)}"))
        else:
            free.append(part_name_within(group[0].record_type))
    if bill and bill.unexplained.nanos:
        words = "as the estimate of what Telnyx has not billed yet" if parts else "an estimate"
        terms.append(Term(bill.unexplained, words))
    return Explanation(
        terms=tuple(terms),
        free=f"{listed(free)} cost{'s' if len(free) == 1 else ''} nothing" if free else "",
        verdict=_verdict(parts, circumstances),
    )


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *others, last = names or [""]
    return f"{', '.join(others)} and {last}" if others else last


def _groups(parts: Sequence[BillPart]) -> list[list[BillPart]]:
    """The parts of each type together, in order of their first."""
    groups: dict[str, list[BillPart]] = {}
    for part in parts:
        groups.setdefault(part.record_type, []).append(part)
    return list(groups.values())


def _words(group: Sequence[BillPart]) -> str:
    name = part_name_within(group[0].record_type)
    billed_s = sum(part.billed_seconds or 0 for part in group)
    if not billed_s:
        count = sum(1 for part in group if part.cost.nanos)
        return f"{name} ({count} times)" if count > 1 else name
    minutes, rest_s = divmod(billed_s, _SECONDS_PER_MINUTE)
    if rest_s:
        return f"{billed_s} billed seconds of {name}"
    return f"{minutes} started minute{'' if minutes == 1 else 's'} of {name}"


def _verdict(parts: Sequence[BillPart], circumstances: Circumstances) -> str:
    missing = [part_name_within(name) for name in circumstances.missing]
    if circumstances.has_unreadable:
        stays = "may still change" if circumstances.is_exact else "stays an estimate"
        return f"An amount from Telnyx could not be read; until it can, this {stays}."
    if not circumstances.is_exact:
        return _estimated_verdict(circumstances, missing)
    if missing:
        return f"This was exact; since then {listed(missing)} came to be expected."
    if any(part.is_from_webhook for part in parts):
        return "Nothing is missing. What only a webhook has told is confirmed by a detail record later."
    return "Telnyx has billed all of it; nothing is missing."


def _estimated_verdict(circumstances: Circumstances, missing: Sequence[str]) -> str:
    if not circumstances.is_over:
        return f"The {circumstances.noun} is still going on; what it costs appears when it ends."
    if circumstances.is_unanswered:
        return "It was not answered, which usually costs nothing; it is exact once Telnyx's records confirm that."
    if missing:
        are = "is" if len(missing) == 1 else "are"
        return f"Telnyx has not billed all of it yet: {listed(missing)} {are} still to come."
    return "Telnyx has not billed it yet; it becomes exact once its detail records are here."
