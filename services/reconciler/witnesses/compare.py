"""Holds the witnesses of one session against each other, where they speak of the same. Pure; nothing is set by it.

`call.cost` sees sip-trunking, call-control and recording of one leg only, and session analysis all events of the
session (Telnyx facts, sections 4 and 6). A record that has not come yet contradicts nobody.
"""

from collections.abc import Iterable, Iterator

from services.common.money import Money
from services.reconciler.audit.line import counted, worded
from services.reconciler.witnesses.testimony import (
    Analysis,
    Comparison,
    LegCost,
    PartCost,
    SessionStory,
    Sums,
    Witness,
    added_up,
    parts_of,
    sums_of,
)
from services.telnyx_vocabulary.record_types import find_record_type


def compare(story: SessionStory, analysis: Analysis | None, silence: str) -> Comparison:
    """The three witnesses, and their differences. `silence`: why there is no analysis, as a sentence."""
    differences = [*_call_cost_differences(story)]
    if analysis is not None:
        differences += _analysis_differences(story, analysis)
    witnesses = (_records(story), _call_cost(story), _analysis(analysis, silence))
    return Comparison(witnesses, tuple(differences))


def _records(story: SessionStory) -> Witness:
    if not story.records:
        return Witness(name="detail_records", message="no detail record of this session has come yet")
    return Witness(
        name="detail_records",
        has_spoken=True,
        costs=added_up(part.cost for part in story.records),
        parts=parts_of(sums_of(story.records)),
        message=f"{counted(len(story.records), 'detail record')} of all legs",
    )


def _call_cost(story: SessionStory) -> Witness:
    forgotten = (
        f"; {counted(story.forgotten_count, 'webhook')} can no longer be read, for the body is not kept"
        if story.forgotten_count
        else ""
    )
    if not story.leg_costs:
        message = f"no webhook told what a leg of this session cost{forgotten}"
        return Witness(name="call_cost", message=message)
    return Witness(
        name="call_cost",
        has_spoken=True,
        costs=added_up(cost for leg in story.leg_costs for cost in leg.costs),
        parts=parts_of(sums_of(part for leg in story.leg_costs for part in leg.parts)),
        message=f"sip-trunking, call-control and recording of {len(story.leg_costs)} of {story.leg_count} legs"
        + forgotten,
    )


def _analysis(analysis: Analysis | None, silence: str) -> Witness:
    if analysis is None:
        return Witness(name="session_analysis", message=silence)
    message = "every event of the session that has a cost"
    if analysis.unreadable:
        message += f"; {counted(len(analysis.unreadable), 'amount')} could not be read"
    return Witness(
        name="session_analysis",
        has_spoken=True,
        costs=(analysis.total,) if analysis.total else added_up(event.cost for event in analysis.events),
        parts=parts_of(sums_of(analysis.events)),
        message=message,
    )


def _call_cost_differences(story: SessionStory) -> Iterator[str]:
    shared = [part for leg in story.leg_costs for part in leg.parts if _is_shared(part.record_type)]
    for leg in filter(lambda leg: leg.call_id, story.leg_costs):
        own = sums_of(part for part in story.records if part.call_id == leg.call_id)
        where = f"of leg {leg.call_id}"
        yield from _total_differences(story, leg, own, where)
        told = sums_of(part for part in leg.parts if not _is_shared(part.record_type))
        yield from _part_differences(told, own, where, is_final=story.is_exact)
    yield from _shared_differences(story, shared)


def _shared_differences(story: SessionStory, told: Iterable[PartCost]) -> Iterator[str]:
    """Parts whose records name the session only are compared over it, where every leg that has any has told."""
    records = [part for part in story.records if _is_shared(part.record_type)]
    tellers = {leg.call_id for leg in story.leg_costs}
    if "" in tellers or {part.call_id for part in records} <= tellers:
        yield from _part_differences(
            sums_of(told), sums_of(records), "of the session", is_final=story.is_exact
        )


def _part_differences(told: Sums, own: Sums, where: str, *, is_final: bool) -> Iterator[str]:
    for (name, currency), nanos in sorted(told.items()):
        said, booked = worded(Money(currency, nanos)), own.get((name, currency))
        if booked is None:
            if is_final and nanos:
                yield f"{name} {where}: call.cost says {said}, and no detail record came of it"
        elif booked != nanos:
            yield f"{name} {where}: detail records say {worded(Money(currency, booked))}, call.cost says {said}"


def _total_differences(story: SessionStory, leg: LegCost, own: Sums, where: str) -> Iterator[str]:
    if leg.total is None:
        return
    said = worded(leg.total)
    parts = [part.cost for part in leg.parts]
    if parts:
        if added_up(parts) != (leg.total,):
            added = " and ".join(map(worded, added_up(parts)))
            yield f"call.cost {where}: its parts add up to {added}, its total is {said}"
        return
    # A leg's share of what names the session only is not known where there are several legs.
    if not story.is_exact or (
        story.leg_count > 1 and any(_is_shared(part.record_type) for part in story.records)
    ):
        return
    billed = sum(
        nanos
        for (name, currency), nanos in own.items()
        if currency == leg.total.currency and _is_in_call_cost(name)
    )
    if billed != leg.total.nanos:
        booked = worded(Money(leg.total.currency, billed))
        yield f"sip-trunking, call-control and recording {where}: detail records say {booked}, call.cost says {said}"


def _analysis_differences(story: SessionStory, analysis: Analysis) -> Iterator[str]:
    if analysis.total is not None:
        currency = analysis.total.currency
        booked = sum(part.cost.nanos for part in story.records if part.cost.currency == currency)
        if booked != analysis.total.nanos:
            yield (
                f"in all: detail records say {worded(Money(currency, booked))}, "
                f"session analysis says {worded(analysis.total)}"
            )
    told, own = sums_of(analysis.events), sums_of(story.records)
    for name, currency in sorted({*told, *own}):
        said, booked = told.get((name, currency), 0), own.get((name, currency), 0)
        if said != booked and told:
            yield (
                f"{name}: detail records say {worded(Money(currency, booked))}, "
                f"session analysis says {worded(Money(currency, said))}"
            )


def _is_shared(record_type: str) -> bool:
    known = find_record_type(record_type)
    return known is not None and known.is_session_scoped


def _is_in_call_cost(record_type: str) -> bool:
    known = find_record_type(record_type)
    return known is not None and bool(known.call_part)
