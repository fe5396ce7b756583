"""telnyx-gateway in the simulation: its real reader and quota, with a client that answers itself in place of HTTP."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from services.common.clock import Clock
from services.common.errors import QuotaExhausted, TelnyxRefused, TelnyxUnreachable
from services.common.money import Money
from services.common.times import parse_rfc3339
from services.reconciler import reads
from services.reconciler.usage import Usage, UsageDay
from services.reconciler.windows import Window
from services.telnyx_gateway import detail_query, detail_reader
from services.telnyx_gateway.client import TelnyxClient
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.quota_gate import Permit, QuotaGate
from services.telnyx_gateway.refusals import KEY_FIELD, KeyRefused, Retryable
from services.telnyx_gateway.request import Parsed, Request
from services.telnyx_gateway.standings import RECORDS, Standings
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.record_types import RECORD_TYPES, RecordType, find_record_type
from services.telnyx_vocabulary.records import RowPage, read_record
from tests.simulation.account import Account, Page
from tests.simulation.faults import Faults, Stretch
from tests.simulation.quota import LIMIT, RequestMeter

_ATTEMPTS = 4
_FIRST_BACKOFF_S = 0.5
_LONGEST_BACKOFF_S = 8.0
_PRIORITIES: dict[reads.Priority, Priority] = {
    "person": Priority.PERSON,
    "job": Priority.JOB,
    "background": Priority.BACKGROUND,
}
_NOBODY = Account()
_WITHOUT_QUOTA = (401, 503)
"""What is answered before the request is counted."""


@dataclass(frozen=True, slots=True)
class Silence:
    """While a stretch lasts, queries of a type by window are answered 200 with no rows; "" is every type."""

    record_type: str
    stretch: Stretch


@dataclass(frozen=True, slots=True)
class Outage:
    """While a stretch lasts, every request is answered with this status.

    503: Telnyx is away. 401: our API key was revoked; afterwards we have another.
    """

    stretch: Stretch
    status: int = 503


@dataclass(slots=True, kw_only=True)
class Telnyx:
    """The far side: the account, what it refuses, and what it gets wrong.

    `unknown_types` are answered 400. `strangers`: when our API key is that of another account, which is empty.
    `in_vain` counts by minute what was asked during outages.
    """

    account: Account
    meter: RequestMeter
    faults: Faults
    unknown_types: Container[str] = ()
    silences: tuple[Silence, ...] = ()
    strangers: tuple[Stretch, ...] = ()
    outages: tuple[Outage, ...] = ()
    in_vain: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0

    @property
    def is_busy(self) -> bool:
        """Whether a request is under way."""
        return self.in_flight > 0

    def is_strange(self, now_s: float) -> bool:
        """Whether our key is another account's now."""
        return any(stretch.holds(now_s) for stretch in self.strangers)

    def answer(self, request: Request[Parsed], priority: Priority, now_s: float) -> tuple[int, RowPage]:
        """(HTTP status, page) of one request that arrives now."""
        nothing = RowPage((), 1, 0, 0)
        if status := self._failing(now_s):
            self.in_vain[int(now_s // 60)] += 1
            return status, nothing
        parameters = request.parameters
        record_type, size = parameters["filter[record_type]"], int(parameters["page[size]"])
        self.account.advance(now_s)
        self.kinds[_kind(parameters, priority, size)] += 1
        if not self.meter.take(now_s):
            return 429, nothing
        if self.faults.happens(self.faults.rates.server_fault):
            return 500, nothing
        if record_type in self.unknown_types or find_record_type(record_type) is None:
            return 400, nothing
        number = int(parameters["page[number]"])
        page = self._page(record_type, parameters, number, size, now_s)
        rows = page.rows
        if len(rows) > 1 and self.faults.happens(self.faults.rates.partial_page):
            rows = rows[: len(rows) // 2]
        return 200, RowPage(rows, number, -(-page.total_results // size), page.total_results)

    def _failing(self, now_s: float) -> int | None:
        """The status that every request is answered with now, if there is an outage."""
        return next((outage.status for outage in self.outages if outage.stretch.holds(now_s)), None)

    def _page(
        self, record_type: str, parameters: Mapping[str, str], number: int, size: int, now_s: float
    ) -> Page:
        account = _NOBODY if self.is_strange(now_s) else self.account
        window = [
            parse_rfc3339(value) for name, value in parameters.items() if name.endswith(("[gte]", "[lt]"))
        ]
        if window:
            if any(
                one.record_type in {"", record_type} and one.stretch.holds(now_s) for one in self.silences
            ):
                account = _NOBODY
            return account.window_page(record_type, (window[0], window[1]), number, size)
        [(name, value)] = [
            (name.removeprefix("filter[").removesuffix("]"), value)
            for name, value in parameters.items()
            if name.startswith("filter[") and name != "filter[record_type]"
        ]
        return account.id_page(record_type, name, value, number, size)


def _kind(parameters: Mapping[str, str], priority: Priority, size: int) -> str:
    """What a request is for: who waits, and how it asks."""
    by_window = any(name.endswith("[gte]") for name in parameters)
    form = "count" if size == 1 else "window" if by_window else "id"
    return f"{priority.name.lower()} {form}"


class SimulatedClient(TelnyxClient):
    """Sends what TelnyxClient would send, to the simulated Telnyx, with the same repetitions."""

    def __init__(self, telnyx: Telnyx, gate: QuotaGate, clock: Clock) -> None:
        self._telnyx = telnyx
        self._gate = gate
        self._gates = {RECORDS: gate}
        self._standings = Standings(self._gates, clock)
        self._clock = clock

    async def ask(self, request: Request[Parsed], priority: Priority, *, is_trial: bool = False) -> Parsed:
        faults = self._telnyx.faults
        for attempt in range(_ATTEMPTS):
            try:
                return await self._attempt(request, priority, is_trial)
            except Retryable as failure:
                last = failure.error
            await asyncio.sleep(faults.uniform(0, min(_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S * 2**attempt)))
        raise last

    async def _exchange(self, request: Request[Parsed], priority: Priority, permit: Permit) -> Parsed:
        faults, meter = self._telnyx.faults, self._telnyx.meter
        self._telnyx.in_flight += 1
        try:
            await asyncio.sleep(faults.uniform(0.02, 0.2))
            now_s = self._clock.monotonic_s()
            status, page = self._telnyx.answer(request, priority, now_s)
            headers = {} if status in _WITHOUT_QUOTA else meter.headers(now_s)
            await asyncio.sleep(faults.uniform(0.02, 0.2))
        finally:
            self._telnyx.in_flight -= 1
        permit.answered(status, headers)
        match status:
            case 200:
                return page  # type: ignore[return-value] # only pages of records are asked for
            case 400:
                raise TelnyxRefused("Telnyx refused the form of the request (400)", field="request")
            case 401:
                raise KeyRefused("Telnyx refused the API key (401)", field=KEY_FIELD)
            case 429:
                left_s = (self._gate.report().reset_at - self._clock.now()).total_seconds()
                raise Retryable(QuotaExhausted("the quota is used up (429)", retry_after_s=max(1.0, left_s)))
            case _:
                raise Retryable(TelnyxUnreachable(f"Telnyx gave no usable answer (status {status})"))


class SimulatedGateway:
    """Satisfies TelnyxPort with telnyx-gateway's own reader, as its service does."""

    def __init__(self, telnyx: Telnyx, clock: Clock) -> None:
        gate = QuotaGate("detail_records", LIMIT, 60, clock)
        client = SimulatedClient(telnyx, gate, clock)
        self._telnyx = telnyx
        self._clock = clock
        self._own = detail_reader.DetailReader(client, clock, "own account")
        self._strange = detail_reader.DetailReader(client, clock, "another account")

    async def list_records(
        self, read: reads.Read, timeout_s: float
    ) -> AsyncGenerator[reads.RecordPage | reads.ReadEnd, None]:
        query = _query(read)
        async for part in self._reader().read(query, _PRIORITIES[read.priority]):
            yield _end(part) if isinstance(part, detail_reader.Complete) else reads.RecordPage(part.records)

    async def count_records(
        self, record_type: str, window: Window, priority: reads.Priority
    ) -> reads.ReadEnd:
        query = detail_query.make_query(record_type, detail_query.Window(window.start_at, window.end_at))
        return _end(await self._reader().count(query, _PRIORITIES[priority]))

    async def list_usage(self, record_type: str, from_day: date, to_day: date) -> Usage:
        """Days without any use have no row, as measured."""
        await asyncio.sleep(0.2)
        now_s = self._clock.monotonic_s()
        if self._telnyx.faults.happens(self._telnyx.faults.rates.server_fault):
            raise TelnyxUnreachable("Telnyx gave no usable answer (status 500)")
        self._telnyx.account.advance(now_s)
        is_strange = self._telnyx.is_strange(now_s)
        sums = {} if is_strange else self._telnyx.account.usage(record_type, from_day, to_day)
        days = tuple(UsageDay(day, Money("USD", nanos), 9) for day, nanos in sorted(sums.items()))
        return Usage(record_type, days, self._clock.now(), self._account_key())

    async def usage_products(self) -> tuple[str, ...]:
        """Satisfies UsageProductsPort."""
        await asyncio.sleep(0.2)
        return tuple(known.product for known in RECORD_TYPES if known.has_money)

    def _reader(self) -> detail_reader.DetailReader:
        return self._strange if self._telnyx.is_strange(self._clock.monotonic_s()) else self._own

    def _account_key(self) -> str:
        return "another account" if self._telnyx.is_strange(self._clock.monotonic_s()) else "own account"


def _query(read: reads.Read) -> detail_query.DetailQuery:
    window = read.window
    asked = detail_query.Window(window.start_at, window.end_at) if window is not None else None
    if read.id_filter is None:
        return detail_query.make_query(read.record_type, asked)
    return detail_query.make_query(read.record_type, asked, f"{read.id_filter.kind}_id", read.id_filter.value)


def _end(complete: detail_reader.Complete) -> reads.ReadEnd:
    return reads.ReadEnd(
        total_results=complete.total_results,
        read_at=complete.read_at,
        query_form=complete.query_form,
        account_key=complete.account_key,
        request_count=complete.request_count,
    )


def remembering() -> Callable[[bytes, RecordType, datetime], DetailRecord]:
    """`read_record`, but a row that says the same as before is not read from its JSON again: that is most of them."""
    known: dict[bytes, DetailRecord] = {}

    def read(raw: bytes, record_type: RecordType, observed_at: datetime) -> DetailRecord:
        record = known.get(raw)
        if record is None:
            record = known[raw] = read_record(raw, record_type, observed_at)
            return record
        return replace(record, observed_at=observed_at)

    return read
