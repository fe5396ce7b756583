"""Which records cause a difference between the book and usage_reports: those that explain it come first. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.reconciler.audit.book_days import DayRecord
from services.reconciler.audit.line import AuditLine, Cause, counted
from services.reconciler.audit.rounding import agrees
from services.reconciler.audit.suspicions import SUSPICIONS, Case, Suspicion, counted_nanos
from services.reconciler.audit.verdicts import difference_reason

MAX_CAUSES: Final = 100
_MAX_OF_THE_SAME_COST: Final = 10


@dataclass(frozen=True, slots=True)
class _Group:
    """The records under one suspicion. `explains`: without what they add, the book would be what the report says."""

    suspicion: Suspicion
    members: tuple[DayRecord, ...]
    explains: bool


def explain(case: Case, records: Sequence[DayRecord]) -> AuditLine:
    """The line of a difference with its causes, and a reason that names what explains it, if anything does."""
    groups = [_group(suspicion, case, records) for suspicion in SUSPICIONS]
    groups = sorted((group for group in groups if group.members), key=lambda group: not group.explains)
    single = _single(case, groups)
    causes = list(_causes(groups, single))
    alike = [] if causes and (single or groups[0].explains) else _of_the_same_cost(case, records)
    causes = [*(_cause(record, "it costs exactly the difference") for record in alike), *causes]
    reason = f"{difference_reason(case.line)}; {_told(case, groups, single, alike)}"
    return replace(case.line, causes=tuple(causes[:MAX_CAUSES]), reason=reason)


def _group(suspicion: Suspicion, case: Case, records: Iterable[DayRecord]) -> _Group:
    members = tuple(record for record in records if suspicion.applies(record, case))
    effects = [suspicion.effect_nanos(record) for record in members]
    known = [effect for effect in effects if effect is not None]
    return _Group(suspicion, members, len(known) == len(effects) and _is_all_of_it(case, sum(known)))


def _is_all_of_it(case: Case, effect_nanos: int) -> bool:
    line = case.line
    if effect_nanos == 0:
        return False
    if line.reported is None:
        return effect_nanos == line.book.nanos
    return agrees(line.book.nanos - effect_nanos, line.reported.nanos, line.decimals)


def _single(case: Case, groups: Sequence[_Group]) -> DayRecord | None:
    """A suspicious record that alone explains the difference, where no group as a whole does."""
    if any(group.explains for group in groups):
        return None
    for group in groups:
        for record in group.members:
            effect = group.suspicion.effect_nanos(record)
            if effect is not None and _is_all_of_it(case, effect):
                return record
    return None


def _causes(groups: Sequence[_Group], first: DayRecord | None) -> Iterable[Cause]:
    """Each record once, under its most telling suspicion; that which alone explains it all at the head."""
    told: dict[str, Cause] = {}
    for group in groups:
        for record in group.members:
            told.setdefault(record.record_id, _cause(record, group.suspicion.sentence(record)))
    if first is not None:
        yield told.pop(first.record_id)
    yield from told.values()


def _of_the_same_cost(case: Case, records: Iterable[DayRecord]) -> list[DayRecord]:
    """Records, else not suspicious, that cost what the book has too much: told only where they are few."""
    alike = [record for record in records if _is_all_of_it(case, counted_nanos(record))]
    return alike if len(alike) <= _MAX_OF_THE_SAME_COST else []


def _cause(record: DayRecord, message: str) -> Cause:
    return Cause(
        message=message,
        record_id=record.record_id,
        kind=record.kind,
        charge_id=record.charge_id,
        amount=record.cost if record.unbilled is None else record.unbilled,
    )


def _told(case: Case, groups: Sequence[_Group], single: DayRecord | None, alike: Sequence[DayRecord]) -> str:
    if groups and groups[0].explains:
        return f"{counted(len(groups[0].members), 'record')} {groups[0].suspicion.told} would be all of it"
    if single is not None:
        return f"record {single.record_id} alone would be all of it"
    if alike:
        return f"{counted(len(alike), 'record')} of exactly that cost could be it"
    if groups:
        return "; ".join(
            f"{counted(len(group.members), 'record')} {group.suspicion.told}" for group in groups
        )
    return _unexplained(case)


def _unexplained(case: Case) -> str:
    if case.is_refused:
        return "Telnyx refuses to list such records"
    if case.reread_at is not None:
        return "read again in full, the day holds the same records, so the report counts something else"
    if not case.line.is_complete:
        return "no reading of the whole day has shown yet that the book has all of its records"
    return "no record of the day stands out"
