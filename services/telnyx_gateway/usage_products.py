"""Reading `GET /v2/usage_reports/options`: which products usage_reports know (Telnyx facts, section 6)."""

import msgspec

from services.telnyx_gateway.request import Request, UnreadableAnswer
from services.telnyx_vocabulary.json_values import DECODE_ERRORS

_COST = "cost"


class _Kind(msgspec.Struct):
    product_metrics: list[str] | None = None


class _Product(msgspec.Struct):
    product: str
    product_metrics: list[str] | None = None
    record_types: list[_Kind] | None = None


class _Answer(msgspec.Struct):
    data: list[_Product]


def parse_usage_products(body: bytes) -> tuple[str, ...]:
    """The products that cost something: those with a metric `cost`, of their own or of one of their record types.

    Raises UnreadableAnswer.
    """
    try:
        products = msgspec.json.decode(body, type=_Answer).data
    except DECODE_ERRORS as error:
        raise UnreadableAnswer(f"not a list of products: {error}") from error
    return tuple(dict.fromkeys(each.product for each in products if each.product and _has_cost(each)))


def _has_cost(product: _Product) -> bool:
    return any(_COST in (kind.product_metrics or ()) for kind in (product, *(product.record_types or ())))


USAGE_PRODUCTS: Request[tuple[str, ...]] = Request(
    "usage_options", {}, parse_usage_products, "[TELNYX USAGE PRODUCTS]", path="usage_reports/options"
)
