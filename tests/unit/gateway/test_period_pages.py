"""The small pieces that the pages of the proof are made of: sentences, links, and the ranges of a page."""

from datetime import UTC, datetime

import pytest

from gateway.pages.links import AUDIT_PATH, PERIOD_NAMES, Query
from gateway.pages.range_form import range_form
from gateway.pages.record_links import witnesses_url
from gateway.pages.templates import sentence

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the day is not over yet", "The day is not over yet."),
        ("it is so.", "It is so."),
        ("is it so?", "Is it so?"),
        ("usage_reports did not answer", "usage_reports did not answer."),
        ("sip-trunking: two words", "sip-trunking: two words."),
        ("call.cost says 1", "call.cost says 1."),
        ("", ""),
    ],
)
def test_a_sentence_begins_large_unless_it_begins_with_a_name(text: str, shown: str) -> None:
    assert sentence(text) == shown


def test_only_what_a_page_takes_is_handed_on() -> None:
    query = Query.of([("from", "2026-11-01"), ("text", "x"), ("zone", "Asia/Tokyo"), ("cursor", "y")])
    assert query.only(*PERIOD_NAMES).url(AUDIT_PATH) == "/billing/audit?from=2026-11-01&zone=Asia/Tokyo"


def test_ranges_lead_to_the_page_they_stand_on() -> None:
    form = range_form(Query.of([("days", "7"), ("zone", "Asia/Tokyo")]), NOON, AUDIT_PATH)
    assert {link.url.partition("?")[0] for link in form.links} == {AUDIT_PATH}
    assert [link.name for link in form.links if link.is_current] == ["7-days"]
    assert not form.has_own_range
    assert form.kept == [("zone", "Asia/Tokyo")]


def test_a_range_of_ones_own_is_what_the_fields_show() -> None:
    asked = Query.of([("from", "soon"), ("to", "2026-11-02")])
    form = range_form(asked.without("from"), NOON, AUDIT_PATH, asked=asked)
    assert (form.from_value, form.to_value, form.has_own_range) == ("soon", "2026-11-02", True)
    assert all("soon" not in link.url for link in form.links)


def test_the_address_of_witnesses_is_safe_for_any_id() -> None:
    assert witnesses_url("a/b?c", zone="") == "/billing/sessions/a%2Fb%3Fc/witnesses"
    url = witnesses_url("s", back=Query.of([("days", "7")]), zone="Asia/Tokyo")
    assert url == "/billing/sessions/s/witnesses?back=days%3D7&zone=Asia%2FTokyo"
