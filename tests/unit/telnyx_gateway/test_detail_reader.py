"""Reading all pages: nothing is skipped when rows shift, deep windows are halved, and half an answer is none."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.clock import SystemClock
from services.common.errors import InvalidInput, TelnyxRefused, TelnyxUnreachable
from services.common.times import format_rfc3339, parse_rfc3339
from services.telnyx_gateway import detail_reader
from services.telnyx_gateway.coverage import Coverage
from services.telnyx_gateway.detail_query import DetailQuery, Window, make_query
from services.telnyx_gateway.detail_reader import Complete, DetailReader, RecordPage
from services.telnyx_gateway.quota import Priority
from tests.unit.telnyx_gateway.support import Network, open_client, telnyx_error

START = datetime(2026, 11, 22, tzinfo=UTC)
DAY = Window(START, START + timedelta(days=1))
SIP_TRUNKING = make_query("sip-trunking", DAY)


class Store:
    """Telnyx's side: rows by second of the day, newest first, `hidden` ones appearing one by one after each page."""

    def __init__(
        self, seconds: Iterable[float], hidden: Iterable[float] = (), readable: int = 10_000
    ) -> None:
        self.seconds = set(seconds)
        self.hidden = list(hidden)
        self.readable = readable
        self.pages: list[tuple[int, int]] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        assert asked["filter[record_type]"] == "sip-trunking"
        first, end = (parse_rfc3339(asked[f"filter[started_at][{name}]"]) for name in ("gte", "lt"))
        times = sorted((START + timedelta(seconds=second) for second in self.seconds), reverse=True)
        matching = [moment for moment in times if first <= moment < end]
        number = int(asked["page[number]"])
        assert asked["page[size]"] == "50"
        rows = matching[50 * (number - 1) : min(50 * number, self.readable)]
        self.pages.append((number, len(rows)))
        if self.hidden:
            self.seconds.add(self.hidden.pop(0))
        data = [
            {"id": format_rfc3339(moment), "started_at": format_rfc3339(moment), "cost": "0.01"}
            for moment in rows
        ]
        meta = {
            "total_pages": -(-len(matching) // 50),
            "total_results": len(matching),
            "page_number": number,
            "page_size": 50,
        }
        return httpx.Response(200, json={"data": data, "meta": meta})


async def read(network: Network, query: DetailQuery = SIP_TRUNKING) -> tuple[list[RecordPage], Complete]:
    """All pages and the end; every item before the last is a page."""
    async with open_client(network) as client:
        reader = DetailReader(client, SystemClock(), "accountkey")
        items = [item async for item in reader.read(query, Priority.JOB)]
    pages = [item for item in items[:-1] if isinstance(item, RecordPage)]
    assert len(pages) == len(items) - 1
    assert isinstance(items[-1], Complete)
    return pages, items[-1]


def ids(pages: Iterable[RecordPage]) -> set[str]:
    return {record.record_id for page in pages for record in page.records}


@pytest.mark.parametrize("count", [0, 1, 50, 51, 120])
async def test_every_page_is_read_and_the_end_is_told(count: int) -> None:
    store = Store(range(count))
    pages, end = await read(Network(store.answer))
    assert len(ids(pages)) == end.total_results == count
    assert end.request_count == len(pages) == max(1, -(-count // 50))
    assert end.query_form == "sip-trunking?started_at[gte]&started_at[lt]@accountkey"
    assert end.account_key == "accountkey"
    times = [record.record_time for page in pages for record in page.records]
    assert all(newer > older for newer, older in pairwise(times) if newer and older)


async def test_rows_that_come_in_while_reading_are_not_missed() -> None:
    """The newest page is read first: what arrives on it later is seen by reading again from the first page."""
    store = Store(range(120), hidden=[200.0, 201.0])
    pages, end = await read(Network(store.answer))
    assert len(ids(pages)) == end.total_results == 122
    assert [number for number, _ in store.pages] == [1, 2, 3, 1]


@settings(deadline=None, max_examples=60)
@given(
    count=st.integers(0, 160),
    arrivals=st.lists(st.integers(0, 160).map(lambda second: second + 0.5), max_size=4, unique=True),
)
async def test_wherever_rows_come_in_all_are_read_or_no_end_is_told(
    count: int, arrivals: list[float]
) -> None:
    store = Store(range(count), hidden=arrivals)
    pages, end = await read(Network(store.answer))
    assert len(ids(pages)) == end.total_results
    assert end.total_results >= count


async def test_a_read_that_never_catches_up_is_no_whole_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the last pass that is allowed had missed a row again."""
    monkeypatch.setattr(detail_reader, "_MAX_PASSES", 1)
    store = Store(range(120), hidden=[200.0])
    with pytest.raises(TelnyxUnreachable, match="kept changing"):
        await read(Network(store.answer))
    assert [number for number, _ in store.pages] == [1, 2, 3]


async def test_pages_that_end_too_early_are_no_whole_answer() -> None:
    store = Store(range(120), readable=100)
    with pytest.raises(TelnyxUnreachable, match="kept changing"):
        await read(Network(store.answer))


async def test_deep_windows_are_read_in_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detail_reader, "MAX_DEPTH", 100)
    store = Store((7 * number for number in range(700)), readable=100)
    pages, end = await read(Network(store.answer))
    assert len(ids(pages)) == end.total_results == 700
    assert end.query_form == "sip-trunking?started_at[gte]&started_at[lt]@accountkey"


async def test_more_rows_at_one_moment_than_can_be_reached_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detail_reader, "MAX_DEPTH", 1)
    moment = Window(START, START + timedelta(microseconds=1))
    with pytest.raises(TelnyxUnreachable, match="no window is left to divide"):
        await read(Network(Store([0]).answer), SIP_TRUNKING.within(moment))


async def test_a_failure_in_the_middle_ends_without_the_end() -> None:
    store = Store(range(120))

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params["page[number]"] == "3":
            return telnyx_error(500, "10007", "Unexpected error")
        return store.answer(request)

    async with open_client(Network(answer)) as client:
        reading = DetailReader(client, SystemClock(), "k").read(SIP_TRUNKING, Priority.JOB)
        assert isinstance(await anext(reading), RecordPage)
        assert isinstance(await anext(reading), RecordPage)
        with pytest.raises(TelnyxUnreachable):
            await anext(reading)


async def test_a_type_that_telnyx_knows_by_its_alias_only_is_asked_for_by_that_from_then_on() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["filter[record_type]"])
        if asked[-1] == "stt":
            return telnyx_error(400, "10011", "Bad Request")
        meta = {"total_pages": 0, "total_results": 0, "page_number": 1, "page_size": 50}
        return httpx.Response(200, json={"data": [], "meta": meta})

    async with open_client(Network(answer)) as client:
        reader = DetailReader(client, SystemClock(), "k")
        for _ in range(2):
            ends = [item async for item in reader.read(make_query("stt", DAY), Priority.JOB)]
            assert isinstance(ends[-1], Complete)
            assert ends[-1].query_form == "speech-to-text?start_time[gte]&start_time[lt]@k"
    assert asked == ["stt", "speech-to-text", "speech-to-text"]


async def test_a_type_that_telnyx_does_not_know_is_refused() -> None:
    network = Network(lambda _: telnyx_error(400, "10011", "Bad Request"))
    with pytest.raises(TelnyxRefused) as refused:
        await read(network, make_query("tts", DAY))
    assert refused.value.field == "request"
    assert len(network.requests) == 2


@pytest.mark.parametrize(
    ("type_name", "id_kind", "parameter", "form"),
    [
        ("sip-trunking", "call_control_id", "filter[call_control_id]", "sip-trunking?call_control_id@k"),
        ("call-control", "leg_id", "filter[telnyx_leg_id]", "call-control?telnyx_leg_id@k"),
        ("recording", "session_id", "filter[telnyx_session_id]", "recording?telnyx_session_id@k"),
        ("amd", "session_id", "filter[call_session_id]", "amd?call_session_id@k"),
        ("messaging", "record_id", "filter[uuid]", "messaging?uuid@k"),
    ],
)
def test_ids_are_filtered_on_by_the_types_own_names(
    type_name: str, id_kind: str, parameter: str, form: str
) -> None:
    query = make_query(type_name, None, id_kind, "synthetic-id")
    assert query.page_parameters(2) == {
        "filter[record_type]": type_name,
        parameter: "synthetic-id",
        "page[number]": "2",
        "page[size]": "50",
    }
    assert query.form("k") == form


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("nonsense", DAY), "record_type"),
        (("sip-trunking", None), "from_time"),
        (("sip-trunking", Window(START, START)), "to_time"),
        (("recording", None, "leg_id", "a"), "leg_id"),
        (("messaging", None, "session_id", "a"), "session_id"),
        (("sip-trunking", None, "session_id", ""), "session_id"),
        (("sip-trunking", None, "session_id", "a\n"), "session_id"),
    ],
)
def test_questions_that_telnyx_could_answer_with_nothing_are_refused(
    arguments: tuple[str, Window | None], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        make_query(*arguments)
    assert refused.value.field == field


@given(st.integers(2, 10**12))
def test_halves_share_no_moment_and_leave_none_out(micros: int) -> None:
    window = Window(START, START + timedelta(microseconds=micros))
    halves = window.halves()
    assert halves is not None
    later, earlier = halves
    assert (earlier.from_at, earlier.to_at, later.to_at) == (window.from_at, later.from_at, window.to_at)
    assert earlier.from_at < earlier.to_at < later.to_at


def test_a_moment_has_no_halves() -> None:
    assert Window(START, START + timedelta(microseconds=1)).halves() is None


def test_rows_that_go_away_while_reading_ask_for_a_clean_pass() -> None:
    """One row went and another came: the counts agree by chance, and prove nothing."""
    coverage = Coverage()
    coverage.start_pass()
    coverage.add(["a", "b"], 4)
    coverage.add(["c"], 3)
    assert not coverage.is_complete
    coverage.start_pass()
    coverage.add(["b", "c"], 3)
    assert not coverage.is_complete
    coverage.add(["d"], 3)
    assert coverage.is_complete
