"""Pages of a list as Telnyx cuts them. Source: Telnyx facts, section 3."""

from collections.abc import Iterable, Mapping, Sequence

from tests.sandbox.query import positive_number

Row = Mapping[str, object]


def page_of(rows: Iterable[object], total: int, number: int, size: int) -> dict[str, object]:
    """One page that was cut already: `total_pages` is `total_results` by the page's size, rounded up."""
    meta = {
        "total_pages": -(-total // size),
        "total_results": total,
        "page_number": number,
        "page_size": size,
    }
    return {"data": list(rows), "meta": meta}


def cut_page(
    rows: Sequence[object], parameters: Mapping[str, str], *, default_size: int = 20, max_size: int = 250
) -> dict[str, object]:
    """The page that `page[number]` and `page[size]` ask for. Raises ApiError 400."""
    number = positive_number("page[number]", parameters.get("page[number]", "1"))
    size = min(positive_number("page[size]", parameters.get("page[size]", str(default_size))), max_size)
    first = (number - 1) * size
    return page_of(rows[first : first + size], len(rows), number, size)
