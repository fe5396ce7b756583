"""Balance, public keys and usage: what Telnyx answers, and what it might."""

import base64
import json
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.common.clock import SystemClock
from services.common.errors import InvalidInput, TelnyxUnreachable
from services.common.money import Money
from services.telnyx_gateway.balance import Balance, parse_balance
from services.telnyx_gateway.public_keys import parse_public_keys
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.request import UnreadableAnswer
from services.telnyx_gateway.usage import UsageDay, product_of, read_usage, without_noise, written_decimals
from tests.unit.telnyx_gateway.support import Network, open_client

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.b64encode(bytes(32)).decode()


def usd(nanos: int) -> Money:
    return Money("USD", nanos)


def balance(**fields: object) -> bytes:
    return json.dumps({"data": {"record_type": "balance", "balance": "31.27", **fields}}).encode()


def test_a_balance() -> None:
    body = balance(pending="-0.50", credit_limit="50.00", available_credit="81.27", currency="USD")
    assert parse_balance(body) == Balance(
        balance=usd(31_270_000_000),
        pending=usd(-500_000_000),
        credit_limit=usd(50_000_000_000),
        available_credit=usd(81_270_000_000),
    )


def test_what_the_account_has_none_of_may_be_missing() -> None:
    read = parse_balance(balance(credit_limit="10", pending=None))
    assert (read.pending, read.available_credit) == (usd(0), usd(41_270_000_000))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b'{"data": null}',
        b'{"data": {"balance": null}}',
        b'{"data": {"pending": "1"}}',
        balance(balance="a lot"),
        balance(credit_limit="1E+999999"),
        balance(currency="dollars"),
    ],
)
def test_a_balance_that_cannot_be_read_is_none(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        parse_balance(body)


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        ({"public": KEY}, (KEY,)),
        ({"record_type": "public_key", "public_key": KEY}, (KEY,)),
        ([{"public": KEY}, {"public": OTHER_KEY}, {"public": KEY}], (KEY, OTHER_KEY)),
        (KEY, (KEY,)),
        ([KEY, "short", 7, None, {"public": "bm90IGEga2V5"}], (KEY,)),
    ],
)
def test_public_keys_in_every_shape(data: Any, keys: tuple[str, ...]) -> None:
    assert parse_public_keys(json.dumps({"data": data}).encode()) == keys


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"data": {}}', b'{"data": {"public": "AAAA"}}', json.dumps({"data": f" {KEY}"}).encode()],
)
def test_what_holds_no_key_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        parse_public_keys(body)


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parsers_fail_otherwise(body: bytes) -> None:
    for parse in (parse_balance, parse_public_keys):
        with pytest.raises(UnreadableAnswer):
            parse(body)


NOVEMBER = (date(2026, 11, 1), date(2026, 11, 4))


async def usage(
    answer: Any, days: tuple[date, date] = NOVEMBER, type_name: str = "stt"
) -> tuple[UsageDay, ...]:
    async with open_client(Network(answer)) as client:
        read = await read_usage(client, SystemClock(), product_of(type_name), days, Priority.JOB)
    return read.days


def page(rows: str, number: int = 1, total_pages: int = 1) -> httpx.Response:
    meta = f'{{"total_pages": {total_pages}, "total_results": 9, "page_number": {number}, "page_size": 5000}}'
    return httpx.Response(200, content=f'{{"data": {rows}, "meta": {meta}}}')


async def test_usage_is_asked_by_product_and_utc_day_with_the_largest_page() -> None:
    asked: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        return page("[]")

    assert await usage(answer) == ()
    assert asked == [
        {
            "product": "speech-to-text",
            "dimensions": "date",
            "metrics": "cost",
            "start_date": "2026-11-01T00:00:00Z",
            "end_date": "2026-11-04T00:00:00Z",
            "page[number]": "1",
            "page[size]": "5000",
        }
    ]


async def test_only_days_with_a_readable_row_are_given() -> None:
    rows = """[
        {"date": "2026-11-01", "cost": 0.0150},
        {"date": "2026-11-02T00:00:00Z", "cost": 0, "currency": "USD"},
        {"date": "2026-11-03", "cost": 0.00000000000000004},
        {"date": "2026-11-05", "cost": 1}
    ]"""
    assert await usage(lambda _: page(rows)) == (
        UsageDay(date(2026, 11, 1), usd(15_000_000), decimals=4),
        UsageDay(date(2026, 11, 2), usd(0), decimals=0),
    )


async def test_rows_of_one_day_add_up_over_pages_unless_one_is_dark() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page[number]"])
        rows = {
            1: '[{"date": "2026-11-01", "cost": "1.50"}, {"date": "2026-11-02", "cost": 2}]',
            2: '[{"date": "2026-11-01", "cost": 1}, {"date": "2026-11-02", "cost": null}]',
        }
        return page(rows[number], number, total_pages=2)

    assert await usage(answer) == (UsageDay(date(2026, 11, 1), usd(2_500_000_000), decimals=2),)


async def test_a_row_without_a_day_makes_the_whole_answer_unreadable() -> None:
    with pytest.raises(TelnyxUnreachable):
        await usage(lambda _: page('[{"cost": 1}]'))


async def test_a_report_without_end_is_given_up() -> None:
    with pytest.raises(TelnyxUnreachable, match="pages"):
        await usage(lambda _: page("[]", total_pages=10**6))


@pytest.mark.parametrize("end", [date(2026, 11, 1), date(2026, 10, 1), date(2026, 12, 3)])
async def test_telnyx_takes_at_most_31_days(end: date) -> None:
    with pytest.raises(InvalidInput):
        await usage(lambda _: page("[]"), (NOVEMBER[0], end))


@pytest.mark.parametrize(
    ("text", "decimals"),
    [("12", 0), ("1.50", 2), ("-0.0150", 4), ("1.666E-4", 7), ("7.0E-7", 8), ("1E+3", 0), ("1.25e1", 1)],
)
def test_decimals_are_those_that_telnyx_wrote(text: str, decimals: int) -> None:
    assert written_decimals(text) == decimals


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**6), max_value=10**6))
def test_an_amount_has_no_digit_beyond_its_decimals(amount: Decimal) -> None:
    assert amount == round(amount, written_decimals(str(amount)))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0.30000000000000004", "0.3"),
        ("12.345600000000001", "12.3456"),
        ("-2.9999999999999996", "-3"),
        ("1204.0000000000002", "1204"),
        ("0.1234567894999999", "0.123456789"),
        # Nothing to round: nine decimals may be meant, less than half a nano is not 0, and this is no number.
        ("0.123456789", "0.123456789"),
        ("1.50", "1.50"),
        ("0.0000000000000001", "0.0000000000000001"),
        ("1.666E-4", "1.666E-4"),
        ("0.3000000000000000x", "0.3000000000000000x"),
        ("", ""),
    ],
)
def test_what_binary_floats_add_to_a_report_is_rounded_off(text: str, meant: str) -> None:
    assert without_noise(text) == meant


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=20))
def test_a_sum_in_binary_floats_is_the_sum_to_the_nano(nanos: list[int]) -> None:
    noisy = repr(sum(amount / 10**9 for amount in nanos))
    assume("e" not in noisy)
    assert Decimal(without_noise(noisy)) == Decimal(sum(nanos)).scaleb(-9)


def test_a_product_is_named_by_its_record_type_or_by_itself() -> None:
    assert product_of("stt") == "speech-to-text"
    assert product_of("usage:number-lookup") == "number-lookup"
    for wrong in ("unheard-of", "usage:", "usage:Two Words", "usage:../balance", "usage:" + "a" * 65):
        with pytest.raises(InvalidInput):
            product_of(wrong)
