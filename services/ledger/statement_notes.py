"""What an operator should know of a statement before relying on it: one sentence for each thing not known well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.common.money import plain_decimal
from services.common.times import format_rfc3339
from services.ledger.account_charges import AccountCharges

GAP = timedelta(days=1)
"""Longer without a snapshot, a top-up can hide in what was used meanwhile."""

_MAX_GAPS_TOLD = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """What is known of how well a statement is known.

    `from_at`, `until_at`: what was asked for, not later than now. `gaps`: between which snapshots it was long.
    `days`: [first, after) of which charges should be told, `charges` what was told. `foreign`: usage in nanos by other
    currencies. `unreadable_count`: records with amounts that cannot be read. `open_count`: calls and messages that
    still wait for records.
    """

    from_at: datetime
    until_at: datetime
    opening_at: datetime
    closing_at: datetime
    gaps: Sequence[tuple[datetime, datetime]]
    days: tuple[date, date]
    charges: Sequence[AccountCharges]
    currency: str
    foreign: Mapping[str, int]
    unreadable_count: int
    open_count: int


def notes_of(doubts: Doubts) -> list[str]:
    """The sentences; none where all is known."""
    return [
        *_of_snapshots(doubts),
        *_of_charges(doubts),
        *(
            f"Usage of {plain_decimal(nanos)} {currency} is in another currency and left out."
            for currency, nanos in sorted(doubts.foreign.items())
        ),
        *_counted(
            "Detail records with an amount that cannot be read, which count as 0", doubts.unreadable_count
        ),
        *_counted("Calls and messages that still wait for records: usage not told yet", doubts.open_count),
    ]


def _of_snapshots(doubts: Doubts) -> list[str]:
    notes = []
    if doubts.opening_at > doubts.from_at:
        notes.append(f"The balance was first read at {format_rfc3339(doubts.opening_at)}: it begins there.")
    for before, after in doubts.gaps[:_MAX_GAPS_TOLD]:
        notes.append(
            f"The balance was not read between {format_rfc3339(before)} and {format_rfc3339(after)}: "
            "a top-up in that time may show as less than it was, or as unexplained."
        )
    if len(doubts.gaps) > _MAX_GAPS_TOLD:
        notes.append(f"There are {len(doubts.gaps) - _MAX_GAPS_TOLD} more such gaps.")
    if doubts.closing_at < doubts.until_at - GAP:
        notes.append(f"The balance was last read at {format_rfc3339(doubts.closing_at)}: it ends there.")
    return notes


def _of_charges(doubts: Doubts) -> list[str]:
    told = {day.day for day in doubts.charges}
    first, after = doubts.days
    days = [first + timedelta(days=number) for number in range(max(0, (after - first).days))]
    missing = [day for day in days if day not in told]
    notes = []
    if missing:
        notes.append(
            f"charges_summary has not told of {len(missing)} of {len(days)} days, the first of them {missing[0]}: "
            "monthly and one-time charges, taxes and credits of these are among what is unexplained."
        )
    odd = [day.day for day in doubts.charges if not day.adds_up]
    if odd:
        notes.append(
            f"On {len(odd)} days, the first {odd[0]}, the charges do not add up to their grand total."
        )
    foreign = [day.day for day in doubts.charges if day.currency != doubts.currency]
    if foreign:
        notes.append(
            f"The charges of {len(foreign)} days, the first {foreign[0]}, are in another currency: left out."
        )
    return notes


def _counted(what: str, count: int) -> list[str]:
    return [f"{what}: {count}."] if count else []
