"""What happened to a call and what happens next; raw texts; the way back to the list."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.links import Query
from gateway.pages.record.next_steps import JobState, JobStatus, LastSweep, Verdict, next_step, sweep_words
from gateway.pages.record.raw_text import PAGE_CHARACTERS, SHOWN_CHARACTERS, RawText, pretty, within_bounds
from gateway.pages.record.timeline import Happening, Kind, merge
from gateway.pages.record_links import list_query, record_url

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def happening(after_s: int, kind: Kind = Kind.WEBHOOK, title: str = "") -> Happening:
    return Happening(at=NOON + timedelta(seconds=after_s), kind=kind, title=title)


def test_one_list_by_time_and_the_cause_before_its_effect() -> None:
    merged = merge(
        [happening(5, Kind.ENTRY, "booked"), happening(1, Kind.ENTRY, "estimated")],
        [happening(5, Kind.RECORD, "seen"), happening(9, Kind.RECORD, "seen again")],
        [happening(5, Kind.ATTEMPT, "tried")],
        [happening(0, title="started")],
    )
    assert [item.title for item in merged.early] == [
        "started",
        "estimated",
        "seen",
        "tried",
        "booked",
        "seen again",
    ]
    assert (merged.late, merged.cut_count) == ((), 0)


@given(st.lists(st.integers(min_value=0, max_value=100), max_size=40), st.integers(min_value=2, max_value=20))
def test_a_long_list_keeps_its_beginning_and_its_end(seconds: list[int], limit: int) -> None:
    merged = merge([happening(second) for second in seconds], limit=limit)
    shown = [*merged.early, *merged.late]
    assert len(shown) + merged.cut_count == len(seconds)
    assert len(shown) == min(limit, len(seconds))
    in_order = sorted(happening(second).at for second in seconds)
    assert [item.at for item in merged.early] == in_order[: len(merged.early)]
    assert [item.at for item in merged.late] == in_order[len(seconds) - len(merged.late) :]


def job(status: JobStatus, attempts: int = 1, next_in_s: int | None = None) -> JobState:
    next_at = None if next_in_s is None else NOON + timedelta(seconds=next_in_s)
    return JobState(status=status, attempts=attempts, next_run_at=next_at)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (None, "No attempt is planned; the sweeps over Telnyx's records will settle it."),
        (job("completed"), "No attempt is planned; the sweeps over Telnyx's records will settle it."),
        (job("running"), "An attempt is running now (1 planned time is past)."),
        (job("failed", 7), "All planned attempts are made. The sweeps go on looking"),
        (job("pending", 2, -1), "The next attempt is due now (2 planned times are past)."),
        (job("pending", 2, 30), "The next attempt is planned (2 planned times are past):"),
    ],
)
def test_who_looks_next(state: JobState | None, words: str) -> None:
    step = next_step(state, is_done=False, is_over=True, now=NOON)
    assert step.words.startswith(words)
    assert step.at == (NOON + timedelta(seconds=30) if words.endswith(":") else None)


def test_when_nothing_is_left_to_do_it_says_so_whatever_the_job_says() -> None:
    step = next_step(job("pending", 1, 30), is_done=True, is_over=True, now=NOON)
    assert step.words.startswith("Nothing is left to do.")


def test_a_call_that_goes_on_is_not_asked_about() -> None:
    step = next_step(None, is_done=False, is_over=False, now=NOON)
    assert "within seconds of the hang-up" in step.words


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("complete", "too early, or the window too short"),
        ("different", "Telnyx counted 1 record, and the book held 3"),
        ("unproven", "the silence proves nothing"),
    ],
)
def test_what_a_sweep_proves(verdict: Verdict, words: str) -> None:
    assert words in sweep_words(LastSweep(verdict=verdict, total_count=1, held_count=3))


def test_json_is_broken_into_lines_and_its_numbers_stay_as_they_are() -> None:
    text = '{"cost":1.666E-4,"big":12345678901234567890.10,"rate":7.0E-7,"no":[]}'
    shown = pretty(text)
    assert shown.splitlines()[0] == "{"
    for number in ("1.666E-4", "12345678901234567890.10", "7.0E-7"):
        assert f": {number}" in shown


@pytest.mark.parametrize("text", ["not json", "", '{"a":', "[" * 100_000, "\ud800"])
def test_what_is_no_json_is_shown_as_it_is(text: str) -> None:
    assert pretty(text) == text


def test_raw_texts_are_cut_at_their_bounds_and_say_so() -> None:
    (cut,) = within_bounds(["x" * (SHOWN_CHARACTERS + 1)])
    assert (len(cut.shown), cut.length, cut.is_cut, cut.is_kept) == (
        SHOWN_CHARACTERS,
        SHOWN_CHARACTERS + 1,
        True,
        True,
    )
    assert within_bounds([""]) == [RawText("", 0)]
    assert not RawText("", 0).is_kept


@given(st.lists(st.integers(min_value=0, max_value=SHOWN_CHARACTERS * 2), max_size=60))
def test_all_raw_texts_of_a_page_are_bounded_together(lengths: list[int]) -> None:
    shown = within_bounds("x" * length for length in lengths)
    assert sum(len(text.shown) for text in shown) <= PAGE_CHARACTERS
    assert [text.length for text in shown] == lengths


def test_the_address_of_a_record_carries_the_way_back() -> None:
    back = Query.of([("recordType", "call"), ("text", "a b&c"), ("unknown", "1")])
    split = urlsplit(record_url("call", "v3:a/b?c#d", back=back, zone="Europe/Berlin"))
    assert unquote(split.path) == "/billing/calls/v3:a/b?c#d"
    assert parse_qs(split.query) == {"back": ["recordType=call&text=a+b%26c"], "zone": ["Europe/Berlin"]}
    assert list_query(parse_qs(split.query)["back"][0]) == back
    assert record_url("other", "fax:1") == "/billing/charges/other/fax:1"
    assert record_url("sms", "m1", back=Query()) == "/billing/charges/sms/m1"


@pytest.mark.parametrize(
    "back",
    [
        "",
        "//evil.example",
        "https://evil.example/?text=x",
        "javascript:alert(1)",
        "unknown=1",
        "text=" + "x" * 5000,
        "text=a\nb",
        "&".join(f"text={number}" for number in range(30)),
    ],
)
def test_the_way_back_leads_to_the_list_and_nowhere_else(back: str) -> None:
    assert list_query(back).url() == "/billing"


@given(st.text(max_size=300))
def test_whatever_is_given_as_the_way_back_it_is_the_list(back: str) -> None:
    split = urlsplit(list_query(back).url())
    assert (split.scheme, split.netloc, split.path, split.fragment) == ("", "", "/billing", "")
