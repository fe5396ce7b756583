"""What a cost consists of: the steps add up, rounding has its price, and the sentence says it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.record.bill import Bill, BillPart, bills_of
from gateway.pages.record.bill_view import bill_view
from gateway.pages.record.comparison import compare
from gateway.pages.record.explanation import Circumstances, Explanation, explain, listed
from gateway.pages.record.rounding import rounding_of, total_rounding
from gateway.pages.record.waterfall import WIDTH, waterfall
from services.common.money import Money

AMOUNTS = st.integers(min_value=0, max_value=10**14)
SECONDS = st.integers(min_value=0, max_value=10**7)


def part(
    record_type: str = "sip-trunking",
    nanos: int = 15_000_000,
    billed: int | None = 180,
    used: int | None = 163,
    source: str = "detail_records_api",
    currency: str = "USD",
    rate: str = "0.005",
) -> BillPart:
    return BillPart(
        record_type=record_type,
        record_id=f"{record_type}-1" if source == "detail_records_api" else "",
        cost=Money(currency, nanos),
        rate=rate,
        billed_seconds=billed,
        call_seconds=used,
        source=source,
    )


def only_bill(cost_nanos: int, *parts: BillPart) -> Bill:
    (made,) = bills_of([Money("USD", cost_nanos)], parts)
    return made


# The worked table of Telnyx facts, section 4: the customer's leg.
WORKED = only_bill(
    23_000_000,
    part("amd", 2_000_000, None, None, rate="0.002"),
    part("call-control", 6_000_000, 180, 163, rate="0.002"),
    part("sip-trunking", 15_000_000),
    part("sip-trunking", 0, 0, 0),
)

FLOORED = only_bill(45_000_000, part("call-control", 6_000_000, used=None, source="call_cost_webhook"))


@given(st.lists(st.integers(min_value=-(10**14), max_value=10**14), max_size=30))
def test_the_steps_of_a_waterfall_meet_and_end_at_the_sum(amounts: list[int]) -> None:
    drawn = waterfall(amounts)
    assert [bar.end_nanos - bar.start_nanos for bar in drawn.bars] == amounts
    assert drawn.total.end_nanos == sum(amounts)
    x = drawn.total.start_x
    for bar in drawn.bars:
        assert bar.start_x == x
        x = bar.end_x
    assert x == drawn.total.end_x


@given(st.lists(st.integers(min_value=-(10**14), max_value=10**14), max_size=30))
def test_a_waterfall_stays_within_its_drawing_and_fills_it(amounts: list[int]) -> None:
    drawn = waterfall(amounts)
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH for bar in (*drawn.bars, drawn.total))
    if any(amounts):
        edges = {edge for bar in drawn.bars for edge in (bar.start_x, bar.end_x)}
        assert {min(edges), max(edges)} == {0, WIDTH}


@given(AMOUNTS, SECONDS, SECONDS)
def test_the_price_of_rounding_is_between_nothing_and_the_cost(nanos: int, billed: int, used: int) -> None:
    found = rounding_of(part(nanos=nanos, billed=billed, used=used))
    if billed == 0:
        assert found is None
        return
    assert found is not None
    assert 0 <= found.price.nanos <= nanos
    share = Fraction(nanos * max(0, billed - used), billed)
    assert abs(found.price.nanos - share) <= Fraction(1, 2)
    assert found.is_exact == (share == found.price.nanos)


def test_what_was_not_used_has_its_share_of_the_price() -> None:
    found = rounding_of(part(nanos=15_000_000, billed=180, used=162))
    assert found is not None
    assert (found.extra_seconds, found.price, found.is_exact) == (18, Money("USD", 1_500_000), True)


def test_a_share_that_is_no_whole_nano_is_rounded_half_up_and_says_so() -> None:
    found = rounding_of(part(nanos=1, billed=2, used=1))
    assert found is not None
    assert (found.price.nanos, found.is_exact) == (1, False)


@pytest.mark.parametrize(("billed", "used"), [(None, 10), (60, None), (0, 0), (60, -1)])
def test_without_both_seconds_there_is_no_price_of_rounding(billed: int | None, used: int | None) -> None:
    assert rounding_of(part(billed=billed, used=used)) is None


def test_more_used_than_billed_costs_nothing_extra() -> None:
    found = rounding_of(part(billed=60, used=61))
    assert found is not None
    assert (found.extra_seconds, found.price.nanos, found.is_exact) == (0, 0, True)


def test_the_price_of_rounding_adds_up_over_the_parts() -> None:
    found = [
        rounding_of(part(nanos=180, billed=180, used=90)),
        rounding_of(part(nanos=60, billed=60, used=60)),
    ]
    total = total_rounding(item for item in found if item)
    assert total is not None
    assert (total.price, total.is_exact, total.percent_of_cost) == (Money("USD", 90), True, 38)
    assert total_rounding([]) is None


def test_free_minutes_round_up_for_nothing() -> None:
    found = rounding_of(part(nanos=0))
    assert found is not None
    total = total_rounding([found])
    assert total is not None
    assert (total.price.nanos, total.percent_of_cost) == (0, 0)


def test_the_leading_parts_come_first_and_then_the_dearest() -> None:
    assert [item.record_type for item in WORKED.parts] == [
        "sip-trunking",
        "sip-trunking",
        "call-control",
        "amd",
    ]
    assert WORKED.unexplained.nanos == 0


def test_each_currency_has_its_own_bill_and_a_stray_zero_goes_to_the_first() -> None:
    bills = bills_of(
        [Money("USD", 5), Money("EUR", 7)],
        [part(nanos=5), part(nanos=7, currency="EUR"), part(nanos=0, currency="GBP")],
    )
    assert [(bill.cost, len(bill.parts), bill.unexplained.nanos) for bill in bills] == [
        (Money("USD", 5), 2, 0),
        (Money("EUR", 7), 1, 0),
    ]
    assert {item.cost.currency for item in bills[0].parts} == {"USD"}


def test_the_view_steps_up_to_the_cost_and_knows_where_each_record_is_shown() -> None:
    view = bill_view(WORKED, Circumstances(is_exact=True), {("amd", "amd-1"): "record-3"})
    assert [step.after.nanos for step in view.steps] == [15_000_000, 15_000_000, 21_000_000, 23_000_000]
    assert [step.anchor for step in view.steps] == ["", "", "", "record-3"]
    assert [step.rate for step in view.steps] == [
        "180 s at $0.005 / min",
        "0 s at $0.005 / min",
        "180 s at $0.002 / min",
        "$0.002 / unit",
    ]
    assert (view.total.start_nanos, view.total.end_nanos) == (0, 23_000_000)
    assert len(view.roundings) == 2
    assert not view.untold
    assert not view.has_webhook_parts


@pytest.mark.parametrize(
    ("rate", "currency", "shown"),
    [
        ("7.0E-7", "USD", "$0.0000007 / unit"),
        ("0.5", "EUR", "0.5 EUR / unit"),
        ("a lot", "USD", "a lot / unit"),
        ("", "USD", ""),
    ],
)
def test_a_rate_is_plain_where_it_can_be_read(rate: str, currency: str, shown: str) -> None:
    (bill,) = bills_of([Money(currency, 1)], [part("tts", 1, None, None, currency=currency, rate=rate)])
    (step,) = bill_view(bill, Circumstances(is_exact=True), {}).steps
    assert step.rate == shown


def test_what_no_part_explains_yet_is_a_step_of_its_own() -> None:
    view = bill_view(FLOORED, Circumstances(is_exact=False), {})
    assert [(step.kind, step.cost.nanos) for step in view.steps] == [
        ("webhook", 6_000_000),
        ("estimate", 39_000_000),
    ]
    assert view.has_webhook_parts
    assert [item.record_type for item in view.untold] == ["call-control"]
    assert view.rounding is None


@given(st.lists(AMOUNTS, max_size=8), AMOUNTS)
def test_the_steps_of_any_bill_add_up_to_its_cost(amounts: list[int], rest: int) -> None:
    cost = sum(amounts) + rest
    bill = only_bill(cost, *(part(nanos=nanos) for nanos in amounts))
    view = bill_view(bill, Circumstances(is_exact=False), {})
    assert sum(step.cost.nanos for step in view.steps) == cost == view.total.end_nanos
    if view.steps:
        assert view.steps[-1].after.nanos == cost
    assert sum(term.cost.nanos for term in view.explanation.terms) == cost


def words_of(explanation: Explanation) -> list[tuple[int, str]]:
    return [(term.cost.nanos, term.words) for term in explanation.terms]


def test_the_sentence_names_every_part_that_costs_something() -> None:
    said = explain(WORKED, Circumstances(is_exact=True))
    assert words_of(said) == [
        (15_000_000, "for 3 started minutes of SIP trunking"),
        (6_000_000, "for 3 started minutes of call control"),
        (2_000_000, "for answering-machine detection"),
    ]
    assert said.free == ""
    assert said.verdict == "Telnyx has billed all of it; nothing is missing."


def test_a_cost_without_any_part_is_an_estimate() -> None:
    said = explain(only_bill(45_000_000), Circumstances(is_exact=False))
    assert words_of(said) == [(45_000_000, "an estimate")]


def test_seconds_that_are_no_whole_minutes_are_told_as_they_are() -> None:
    said = explain(only_bill(6_200_000, part("call-control", 6_200_000, 186)), Circumstances(is_exact=True))
    assert words_of(said) == [(6_200_000, "for 186 billed seconds of call control")]


def test_several_units_are_counted_and_one_minute_is_one() -> None:
    cost = only_bill(
        5_000_000,
        part("amd", 2_000_000, None, None),
        part("amd", 2_000_000, None, None),
        part(nanos=1_000_000, billed=60),
    )
    assert words_of(explain(cost, Circumstances(is_exact=True))) == [
        (1_000_000, "for 1 started minute of SIP trunking"),
        (4_000_000, "for answering-machine detection (2 times)"),
    ]


def test_what_costs_nothing_is_named_too() -> None:
    said = explain(only_bill(0, part(nanos=0), part("call-control", 0)), Circumstances(is_exact=True))
    assert said.terms == ()
    assert said.free == "SIP trunking and call control cost nothing"
    assert (
        explain(only_bill(0, part(nanos=0)), Circumstances(is_exact=True)).free
        == "SIP trunking costs nothing"
    )


@pytest.mark.parametrize(
    ("circumstances", "verdict"),
    [
        (
            Circumstances(is_exact=False, missing=["sip-trunking", "call-control"]),
            "Telnyx has not billed all of it yet: SIP trunking and call control are still to come.",
        ),
        (
            Circumstances(is_exact=False, missing=["recording"]),
            "Telnyx has not billed all of it yet: recording is still to come.",
        ),
        (
            Circumstances(is_exact=True, missing=["amd"]),
            "This was exact; since then answering-machine detection came to be expected.",
        ),
        (
            Circumstances(is_exact=False, missing=["amd"], has_unreadable=True),
            "An amount from Telnyx could not be read; until it can, this stays an estimate.",
        ),
        (
            Circumstances(is_exact=False, is_unanswered=True, missing=["sip-trunking"]),
            "It was not answered, which usually costs nothing; it is exact once Telnyx's records confirm that.",
        ),
        (
            Circumstances(is_exact=True, has_unreadable=True),
            "An amount from Telnyx could not be read; until it can, this may still change.",
        ),
        (
            Circumstances(is_exact=False, is_over=False),
            "The call is still going on; what it costs appears when it ends.",
        ),
        (
            Circumstances(is_exact=False, noun="message"),
            "Telnyx has not billed it yet; it becomes exact once its detail records are here.",
        ),
    ],
)
def test_the_verdict_says_what_is_missing(circumstances: Circumstances, verdict: str) -> None:
    assert explain(None, circumstances).verdict == verdict


def test_what_only_a_webhook_told_is_said_to_be_confirmed_later() -> None:
    said = explain(only_bill(5, part(nanos=5, source="call_cost_webhook")), Circumstances(is_exact=True))
    assert said.verdict.startswith("Nothing is missing. What only a webhook has told")


def test_names_are_listed_as_people_do() -> None:
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


@pytest.mark.parametrize(
    ("estimate", "cost", "difference", "percent"),
    [
        (45_000_000, 23_800_000, -21_200_000, "−47.1 %"),
        (15_000_000, 15_000_000, 0, "±0.0 %"),
        (15_000_000, 16_000_000, 1_000_000, "+6.7 %"),
        (0, 16_000_000, 16_000_000, ""),
    ],
)
def test_the_estimate_beside_the_cost(estimate: int, cost: int, difference: int, percent: str) -> None:
    compared = compare(Money("USD", estimate), Money("USD", cost))
    assert compared is not None
    assert (compared.difference.nanos, compared.percent) == (difference, percent)


def test_different_currencies_do_not_compare() -> None:
    assert compare(Money("USD", 1), Money("EUR", 1)) is None
