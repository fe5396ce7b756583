"""Which days usage_reports have to be asked about again."""

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.audit.stale_usage import audited_names, stale_days, unlisted_types
from services.reconciler.audit.verdicts import AuditTerms
from tests.unit.reconciler.audit.days import FIRST, HORIZON, LATER, TERMS, book_day, never

WEEK = (FIRST, FIRST + timedelta(days=7))


def test_all_days_are_stale_that_nobody_asked_about() -> None:
    assert stale_days("amd", WEEK, [], never, TERMS) == WEEK


def test_a_day_that_was_reported_after_the_horizon_is_not_asked_about_again() -> None:
    known = [book_day(offset, 1, 1, record_type="amd") for offset in (0, 1, 6)]
    stale = (FIRST + timedelta(days=2), FIRST + timedelta(days=6))
    assert stale_days("amd", WEEK, known, never, TERMS) == stale
    assert stale_days("stt", WEEK, known, never, TERMS) == WEEK


def test_a_report_from_before_the_horizon_does_not_do() -> None:
    early = TERMS.closes_at(FIRST) - timedelta(seconds=1)
    known = [book_day(0, 1, 1, record_type="amd", reported_at=early)]
    day = (FIRST, FIRST + timedelta(days=1))
    assert stale_days("amd", day, known, never, TERMS) == day
    just_now = AuditTerms(early + timedelta(seconds=30), HORIZON)
    assert stale_days("amd", day, known, never, just_now) is None


@given(st.sets(st.integers(0, 6)))
def test_what_is_not_stale_lies_outside(asked: set[int]) -> None:
    def asked_at(record_type: str, day: date) -> datetime | None:
        return LATER if (day - FIRST).days in asked and record_type == "amd" else None

    stale = stale_days("amd", WEEK, [], asked_at, TERMS)
    left = [FIRST + timedelta(days=offset) for offset in range(7) if offset not in asked]
    assert stale == ((left[0], left[-1] + timedelta(days=1)) if left else None)


def test_every_product_with_a_cost_is_asked_about() -> None:
    names = audited_names(("sip-trunking", "speech-to-text", "number-lookup"))
    assert names == ["sip-trunking", "stt", "usage:number-lookup"]


def test_without_a_list_of_products_all_known_types_with_money_are() -> None:
    names = audited_names(None)
    assert {"sip-trunking", "messaging", "verify"} <= set(names)
    assert "conference" not in names


def test_types_with_money_of_which_there_is_no_product() -> None:
    known = [book_day(0, 5, record_type="wireless"), book_day(0, 0, record_type="fax"), book_day(0, 5)]
    assert unlisted_types(("sip-trunking",), known) == ["wireless"]
