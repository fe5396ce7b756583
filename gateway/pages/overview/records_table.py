"""The lines of the bill as a table: what a row shows, and the links that sort and turn pages."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.book_answers import record_type_of, status_of
from gateway.pages.links import CSV_PATH, Query
from gateway.pages.money import ShownMoney
from gateway.pages.record_links import record_url
from gateway.pages.templates import shown
from gateway.pages.words import SOURCE_WORDS, TYPE_WORDS, duration_words
from gateway.pages.zones import UTC_ZONE, ShownTime, Zone, show_time
from services.common.wire import optional_time
from tollbook.ledger.v1.book_pb2 import Charge
from tollbook.ledger.v1.ledger_pb2 import ListChargesResponse

_SORTED_COLUMNS = ("timestamp", "duration", "cost")


@dataclass(frozen=True, slots=True)
class Row:
    """One record. `version` changes when what it shows about its cost does; `url` is its own page."""

    id: str
    version: str
    url: str
    time: ShownTime | None
    type_word: str
    phone_number: str
    contact: str
    description: str
    duration: str
    cost: ShownMoney
    status: str
    source: str


@dataclass(frozen=True, slots=True)
class SortLink:
    """The title of a column that can be sorted by. `state` is that of aria-sort; `url` turns the order round."""

    url: str
    state: str


@dataclass(frozen=True, slots=True)
class RecordsTable:
    """A page of records."""

    rows: Sequence[Row]
    sorts: dict[str, SortLink]
    first_url: str
    next_url: str
    csv_url: str


def records_table(page: ListChargesResponse, query: Query, zone: Zone) -> RecordsTable:
    """The table of one page; a URL is empty where there is no such page."""
    has_before = bool(query.get("cursor"))
    token = page.next_page_token
    return RecordsTable(
        rows=[_row_of(charge, query, zone) for charge in page.charges],
        sorts={column: _sort_link(column, query) for column in _SORTED_COLUMNS},
        first_url=query.without("cursor").url() if has_before else "",
        next_url=query.having({"cursor": token}).url() if token else "",
        csv_url=query.without("cursor", "limit", "zone").url(CSV_PATH),
    )


def _row_of(charge: Charge, query: Query, zone: Zone) -> Row:
    moment = optional_time(charge, "time")
    record_type = record_type_of(charge)
    cost = shown(charge.cost)
    status = status_of(charge.status)
    return Row(
        id=charge.id,
        version=f"{cost.exact} {status}",
        url=record_url(
            record_type.partition("_")[0],
            charge.record_id,
            back=query,
            zone="" if zone is UTC_ZONE else zone.name,
        ),
        time=show_time(moment, zone) if moment else None,
        type_word=TYPE_WORDS.get(record_type, record_type),
        phone_number=charge.phone_number,
        contact=charge.contact,
        description=charge.description,
        duration=duration_words(charge.duration_seconds),
        cost=cost,
        status=status,
        source=SOURCE_WORDS.get(charge.source, charge.source),
    )


def _sort_link(column: str, query: Query) -> SortLink:
    """The first click puts the greatest first, as what is new or dear is looked for most."""
    falling, rising = f"-{column}", column
    current = query.get("sort")
    state = {falling: "descending", rising: "ascending"}.get(current, "none")
    return SortLink(query.having({"sort": rising if current == falling else falling}).url(), state)
