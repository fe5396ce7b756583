"""The form and the chips that say what is shown, and how to show something else. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.pages.links import DEFAULTS, PAGE_PATH, RANGE_NAMES, Query
from gateway.pages.range_form import RangeForm, range_form

_MOST_NUMBERS = 50
_CHIP_WORDS = {
    "phoneNumber": ("Number", {}),
    "direction": ("Direction", {"inbound": "inbound", "outbound": "outbound"}),
    "recordType": ("Type", {"call": "calls", "sms": "SMS", "other": "other"}),
    "status": ("Status", {"estimated": "estimated", "exact": "exact"}),
    "text": ("Text", {}),
}
_CHOICES = {
    "direction": (("all", "Any direction"), ("inbound", "Inbound"), ("outbound", "Outbound")),
    "recordType": (("all", "All types"), ("call", "Calls"), ("sms", "SMS"), ("other", "Other")),
    "status": (("all", "Any status"), ("estimated", "Estimated"), ("exact", "Exact")),
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is in force; `url` is the page without it."""

    name: str
    label: str
    value: str
    url: str


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a list."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class FilterForm:
    """All of it. `values` are the parameters as they came; `kept` what the filters hand on beside their own fields."""

    range: RangeForm
    chips: Sequence[Chip]
    clear_url: str
    choices: dict[str, list[Choice]]
    values: dict[str, str]
    kept: Sequence[tuple[str, str]]
    numbers: Sequence[str]


def filter_form(
    query: Query, now: datetime, *, numbers: Iterable[str] = (), asked: Query | None = None
) -> FilterForm:
    """The form of a view; `numbers` are suggested.

    `asked`: what was asked for where not all of it can be used. It is what the fields show; links lead on without it.
    """
    shown = asked or query
    return FilterForm(
        range=range_form(query, now, PAGE_PATH, asked=asked),
        chips=_chips(query),
        clear_url=query.without(*_CHIP_WORDS).url(),
        choices={
            name: [Choice(value, label, shown.get(name) == value) for value, label in options]
            for name, options in _CHOICES.items()
        },
        values={name: shown.get(name) for name in DEFAULTS},
        kept=[(name, value) for name, value in query.items if name in (*RANGE_NAMES, "sort", "limit")],
        numbers=[number for number in numbers if number][:_MOST_NUMBERS],
    )


def _chips(query: Query) -> list[Chip]:
    chips = []
    for name, (label, words) in _CHIP_WORDS.items():
        value = query.get(name)
        if value != DEFAULTS[name]:
            chips.append(Chip(name, label, words.get(value, value), query.without(name).url()))
    return chips
