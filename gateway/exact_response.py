"""JSON answers whose numbers are exact: money in plain decimal notation, never a binary float."""

from typing import Any

import msgspec
from starlette.responses import Response

from services.common.money import Money, plain_decimal


class ExactJson(Response):
    """A JSON response; takes what msgspec encodes: answer structs, dicts, aware datetimes, raw numbers."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)


def money_number(money: Money) -> msgspec.Raw:
    """An amount as a JSON number: no exponent, no trailing zeros."""
    return msgspec.Raw(plain_decimal(money.nanos).encode())
