"""The state of one sandbox account: what happened on it, and which of its records can be seen when."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tests.sandbox.activity import Activity
from tests.sandbox.amounts import ZERO
from tests.sandbox.call_cost import CallCost
from tests.sandbox.calls import CALL_KINDS, make_call
from tests.sandbox.clock import Clock, from_text, utc_now
from tests.sandbox.delivery_log import DeliveryLog
from tests.sandbox.finances import Finances, Movement
from tests.sandbox.ids import Ids
from tests.sandbox.messages import MESSAGE_KINDS, make_message
from tests.sandbox.odd_records import ODD_KINDS, make_odd
from tests.sandbox.others import OTHER_KINDS, make_other
from tests.sandbox.record_types import record_type
from tests.sandbox.records import DetailRecord, RecordStore
from tests.sandbox.reports import Reports
from tests.sandbox.session_maker import Decoys
from tests.sandbox.settings import Faults, Settings

MAX_CREATED = 20_000
# Not mixed in: whether a record's `cost` holds the carrier's fee cannot be known from the record alone, and what
# detail_records do not know cannot be read at all.
_UNMIXED = frozenset({"sms-fee-apart", "number-lookup"})
_GROUPS: dict[str, tuple[str, ...]] = {
    "calls": tuple(CALL_KINDS),
    "messages": tuple(kind for kind in MESSAGE_KINDS if kind not in _UNMIXED),
    "others": tuple(kind for kind in OTHER_KINDS if kind not in _UNMIXED),
}
_GROUPS["mixed"] = _GROUPS["calls"] + _GROUPS["messages"] + _GROUPS["others"]
ALL_KINDS = frozenset({*_GROUPS, *CALL_KINDS, *MESSAGE_KINDS, *OTHER_KINDS})


class UnknownKindError(ValueError):
    """No kind or group of kinds has this name."""


@dataclass(frozen=True, slots=True)
class Created:
    """One activity, and when the last of its records becomes visible."""

    activity: Activity
    visible_at: datetime


class Account:
    """Everything that is true of one account. It knows nothing of HTTP."""

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        self.settings = settings
        self.clock = clock
        self.faults: Faults = settings.faults
        self.records = RecordStore()
        self.activities: list[Activity] = []
        self.opened_at = clock()
        self.finances = Finances(settings, self.opened_at)
        self.deliveries = DeliveryLog()
        self.reports = Reports()
        self._decoys: Decoys | None = None
        self._injected_count = 0

    def create(
        self,
        kind: str = "mixed",
        count: int = 1,
        *,
        ended_ago_s: float = 0.0,
        call_cost: CallCost | None = None,
        visible_at_once: bool = False,
    ) -> list[Created]:
        """Let things happen that ended `ended_ago_s` ago (a negative number: that are still going on).

        A group of kinds (`calls`, `messages`, `others`, `mixed`) is gone through in turn, so that a long enough run
        has all of them. The same seed and the same calls of this method give the same ids and amounts.
        Raises UnknownKindError, and ValueError for a count out of bounds.
        """
        if kind not in ALL_KINDS:
            raise UnknownKindError(f"unknown kind {kind!r}; there are {', '.join(sorted(ALL_KINDS))}")
        if not 0 < count <= MAX_CREATED - len(self.activities):
            raise ValueError(f"count must be 1 to {MAX_CREATED} for the whole life of a sandbox, not {count}")
        end = self.clock() - timedelta(seconds=ended_ago_s)
        kinds = _GROUPS.get(kind, (kind,))
        return [self._create(kinds[n % len(kinds)], end, call_cost, visible_at_once) for n in range(count)]

    def revise(self, type_name: str, record_id: str, amount: Decimal) -> None:
        """Correct a record: the same id shows another amount from now on. Raises KeyError."""
        self.records.revise(type_name, record_id, amount, self.clock(), self._rng("revise"))

    def inject(self, type_name: str, fields: dict[str, object], charge: Decimal) -> DetailRecord:
        """Serve a record exactly as given, however broken, visible now. Raises KeyError for an unknown type."""
        spec = record_type(type_name)
        now = self.clock()
        self._injected_count += 1
        at = fields.get(spec.time_field)
        record = DetailRecord(
            spec,
            str(fields.get(spec.id_field) or f"injected {self._injected_count}"),
            from_text(at) if isinstance(at, str) else now,
            fields,
            charge,
        )
        self.records.add([(now, record)])
        return record

    def make_odd(self, kind: str) -> DetailRecord:
        """Serve a record that is odd in one way (see odd_records). Raises UnknownKindError."""
        if kind not in ODD_KINDS:
            raise UnknownKindError(f"unknown kind {kind!r}; there are {', '.join(sorted(ODD_KINDS))}")
        ids = Ids(random.Random(f"{self.settings.seed} odd {self._injected_count}"))
        odd = make_odd(kind, ids, self.clock())
        return self.inject("sip-trunking", odd.fields, odd.charge)

    def vanish(self, type_name: str, record_id: str, *, everywhere: bool = False) -> None:
        """Let detail_records forget a record; with `everywhere` it was never charged either. Raises KeyError."""
        self.records.vanish(type_name, record_id, everywhere=everywhere)

    def reveal(self) -> int:
        """Make every record visible now; how many were not."""
        return self.records.reveal(self.clock())

    def open_since(self, opened_at: datetime) -> None:
        """Let the account be older than this sandbox: what fell due since then is booked, and it was topped up."""
        self.opened_at = min(self.opened_at, opened_at)
        self.finances.reopen(self.opened_at)
        self.finances.advance(self.clock(), self.usage_by_day)
        spent = self.records.charged_until(self.clock())
        self.finances.recharge_over(Decimal(self.settings.opening_balance), spent)

    def balance(self, at: datetime | None = None) -> Decimal:
        """The opening balance and its movements, less what can be seen of the charges; now, or as it was."""
        now = self.clock()
        self.finances.advance(now, self.usage_by_day)
        at = at or now
        spent = sum((record.charge for record in self.records.all_visible(at)), ZERO)
        return Decimal(self.settings.opening_balance) + self.finances.effect(at) - spent

    def movements(self, start: datetime, end: datetime) -> Sequence[Movement]:
        """What was paid in and charged beside usage."""
        self.finances.advance(self.clock(), self.usage_by_day)
        return self.finances.between(start, end)

    def usage_by_day(self) -> dict[date, Decimal]:
        """What the records of each UTC day charge, as far as they can be seen now."""
        usage: dict[date, Decimal] = defaultdict(Decimal)
        for record in self.records.all_visible(self.clock()):
            usage[record.at.astimezone(UTC).date()] += record.charge
        return usage

    def _rng(self, purpose: str) -> random.Random:
        return random.Random(f"{self.settings.seed} {len(self.activities)} {purpose}")

    def _create(self, kind: str, end: datetime, call_cost: CallCost | None, visible_at_once: bool) -> Created:
        rng = self._rng("activity")
        activity = self._make(kind, rng, end, call_cost)
        delays = self._rng("delays")
        visible_at = [self._add(record, end, delays, visible_at_once) for record in activity.records]
        self.activities.append(activity)
        return Created(activity, max(visible_at, default=end))

    def _make(self, kind: str, rng: random.Random, end: datetime, call_cost: CallCost | None) -> Activity:
        if kind in MESSAGE_KINDS:
            return make_message(kind, rng, end)
        if kind in OTHER_KINDS:
            return make_other(kind, rng, end, self._decoys)
        activity = make_call(kind, rng, end, call_cost, self._decoys)
        leg = activity.legs[0]
        self._decoys = Decoys(leg.sip_call_id, leg.call_leg_id, leg.call_control_id)
        return activity

    def _add(
        self, record: DetailRecord, end: datetime, rng: random.Random, visible_at_once: bool
    ) -> datetime:
        """Keep one record, late and wrong at first if the faults say so; when it is visible."""
        faults = self.faults
        drawn = timedelta(seconds=rng.uniform(faults.record_delay_min_s, faults.record_delay_max_s))
        visible_at = end if visible_at_once else max(end, self.clock()) + drawn
        versions = [(visible_at, record)]
        if rng.random() < faults.record_change_rate and record.charge:
            corrected_at = visible_at + timedelta(seconds=faults.record_change_after_s)
            versions = [(visible_at, record.with_amount(record.charge * 2, rng)), (corrected_at, record)]
        self.records.add(versions)
        return visible_at


def kinds_of(group: str) -> Sequence[str]:
    """The kinds that a group goes through in turn."""
    return _GROUPS[group]
