"""What goes wrong, how often and when: everything that Telnyx, the network and the machine do to us."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.simulation.rows import Row, RowFields, moment

_DAY_S = 86_400.0
_MOST_LATE_S = 30 * _DAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Chances, per webhook, record, request or day; `*_per_day` may be above 1."""

    lost_webhook: float = 0.01
    repeated_webhook: float = 0.03
    late_webhook: float = 0.02
    late_record: float = 0.01
    very_late_record: float = 0.002
    changed_record: float = 0.01
    partial_page: float = 0.005
    server_fault: float = 0.005
    storms_per_day: float = 0.1
    rivals_per_day: float = 0.5
    crashes_per_day: float = 0.1
    ledger_fault: float = 0.0005


USUAL = Rates()

NO_FAULTS = Rates(
    lost_webhook=0,
    repeated_webhook=0,
    late_webhook=0,
    late_record=0,
    very_late_record=0,
    changed_record=0,
    partial_page=0,
    server_fault=0,
    storms_per_day=0,
    rivals_per_day=0,
    crashes_per_day=0,
    ledger_fault=0,
)


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """From a second of the simulation, inclusive, to another, exclusive."""

    from_s: float
    to_s: float

    def holds(self, at_s: float) -> bool:
        """Whether a moment falls into it."""
        return self.from_s <= at_s < self.to_s


class Faults:
    """Draws what goes wrong; the same seed draws the same."""

    def __init__(self, seed: int, rates: Rates) -> None:
        self.rates = rates
        self._rng = Random(f"faults {seed}")

    def deliveries(self, event: WebhookEvent, happened_s: float) -> Iterator[tuple[float, WebhookEvent]]:
        """When an event arrives, as often as it does: seldom never, sometimes twice, not always in order."""
        rng, rates = self._rng, self.rates
        if rng.random() < rates.lost_webhook:
            return
        at_s = happened_s + 0.1 + rng.expovariate(1 / 0.6)
        if rng.random() < rates.late_webhook:
            at_s += rng.expovariate(1 / 600)
        yield at_s, replace(event, received_at=moment(at_s))
        if rng.random() < rates.repeated_webhook:
            again_s = at_s + rng.expovariate(1 / 20)
            yield again_s, replace(event, received_at=moment(again_s))

    def published(self, fields: RowFields, ended_s: float) -> Row:
        """The row of a record with all its versions: within two minutes, later, or up to thirty days later.

        A changed record says one amount at first and another for good.
        """
        rng, rates = self._rng, self.rates
        visible_s = max(ended_s, fields.at_s) + rng.uniform(8, 130)
        if rng.random() < rates.very_late_record:
            visible_s += rng.uniform(_DAY_S, _MOST_LATE_S - 3_600)
        elif rng.random() < rates.late_record:
            visible_s += rng.expovariate(1 / 7_200)
        row = fields.row()
        if rng.random() < rates.changed_record:
            first_nanos = fields.cost_nanos * rng.randrange(0, 200) // 100 + 1_000
            row.versions.append(fields.version(visible_s, first_nanos))
            visible_s += rng.expovariate(1 / 14_400)
        row.versions.append(fields.version(visible_s, fields.cost_nanos))
        return row

    def happens(self, chance: float) -> bool:
        """Whether something of this chance happens now."""
        return chance > 0 and self._rng.random() < chance

    def uniform(self, low: float, high: float) -> float:
        """A number between two."""
        return self._rng.uniform(low, high)

    def moments(self, days: float, per_day: float) -> list[float]:
        """Seconds at which something that happens so often does, in order."""
        found: list[float] = []
        at_s = 0.0
        while per_day > 0:
            at_s += self._rng.expovariate(per_day / _DAY_S)
            if at_s >= days * _DAY_S:
                break
            found.append(at_s)
        return found

    def stretches(self, days: float, per_day: float, longest_s: float) -> list[Stretch]:
        """Stretches of time in which something goes on."""
        return [
            Stretch(from_s, from_s + self._rng.uniform(60, longest_s))
            for from_s in self.moments(days, per_day)
        ]
