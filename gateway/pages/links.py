"""The address of a page as a value: what is asked for, and how it reads with one thing changed. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

PAGE_PATH = "/billing"
CSV_PATH = "/billing/records.csv"
AUDIT_PATH = "/billing/audit"
STATEMENT_PATH = "/billing/statement"

DEFAULTS: Mapping[str, str] = {
    "phoneNumber": "",
    "direction": "all",
    "recordType": "all",
    "status": "all",
    "text": "",
    "days": "30",
    "from": "",
    "to": "",
    "zone": "UTC",
    "sort": "-timestamp",
    "limit": "50",
    "cursor": "",
}
"""Every parameter of the page, in the order of its address; one that has its default is left out."""

RANGE_NAMES = ("days", "from", "to")
PERIOD_NAMES = (*RANGE_NAMES, "zone")
"""What the pages of the audit and of the statement take."""


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters that differ from their defaults."""

    items: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, parameters: Iterable[tuple[str, str]]) -> "Query":
        """Of what a request gave: names that the page does not know are dropped, the first of several counts."""
        given = dict(reversed([*parameters]))
        return cls(
            tuple(
                (name, given[name])
                for name, default in DEFAULTS.items()
                if given.get(name, "") not in {"", default}
            )
        )

    def get(self, name: str) -> str:
        """What is asked for; the default where nothing is."""
        return dict(self.items).get(name, DEFAULTS[name])

    def having(self, changes: Mapping[str, str]) -> "Query":
        """The same with some parameters changed, from its first page: a cursor belongs to what it was given out for."""
        return Query.of((dict(self.items) | {"cursor": ""} | dict(changes)).items())

    def without(self, *names: str) -> "Query":
        """The same with some parameters at their defaults."""
        return self.having(dict.fromkeys(names, ""))

    def only(self, *names: str) -> "Query":
        """The same with no other parameters than these."""
        return Query.of((name, value) for name, value in self.items if name in names)

    def url(self, path: str = PAGE_PATH) -> str:
        """The address."""
        return f"{path}?{urlencode(self.items, safe=':/', quote_via=quote)}" if self.items else path
