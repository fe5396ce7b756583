"""The templates of all pages, with the filters that they share.

    render("call.html", call=...)

Filters: `shown` (Money of either kind → ShownMoney, for the macro `amount`), `local(zone)` (datetime → ShownTime, for
the macro `moment`), `asset` (a file of static/ → its URL), `thousands` (12345 → 12,345),
`sentence` (what a service says → with a capital and a full stop).
Test: `failed`, for a part of a page that could not be read.
"""

from typing import Any

import jinja2
from google.type.money_pb2 import Money as MoneyMessage

from gateway.book_answers import DEFAULT_CURRENCY
from gateway.pages.asking import Failure
from gateway.pages.money import ShownMoney, show_money
from gateway.pages.zones import show_time
from gateway.static_files import asset_url
from services.common.money import Money
from services.common.wire import from_money


def shown(amount: Money | MoneyMessage) -> ShownMoney:
    """An amount, also as it comes from a service; an unset one is 0 of the default currency."""
    money = amount if isinstance(amount, Money) else from_money(amount)
    return show_money(Money(money.currency or DEFAULT_CURRENCY, money.nanos))


def thousands(number: int) -> str:
    """A count for people."""
    return f"{number:,}"


def sentence(text: str) -> str:
    """What a service says of something, as a sentence that stands by itself. A name at its head stays as it is."""
    ended = text if not text or text.endswith((".", "!", "?")) else f"{text}."
    return ended[:1].upper() + ended[1:] if ended.split(" ", 1)[0].isalpha() else ended


def _environment() -> jinja2.Environment:
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("gateway"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        # A process serves the templates that it began with, as it does the other files.
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "shown": shown,
        "local": show_time,
        "asset": asset_url,
        "thousands": thousands,
        "sentence": sentence,
    }
    templates.tests["failed"] = _is_failure
    return templates


def _is_failure(part: object) -> bool:
    return isinstance(part, Failure)


_TEMPLATES = _environment()


def render(template: str, **values: Any) -> str:
    """One of the templates with its values, as HTML. A value that is missing is an error."""
    return _TEMPLATES.get_template(template).render(**values)
