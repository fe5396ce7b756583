"""Which stretch of time a page shows, and how to show another: ready-made ranges, and a form for one's own. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.pages.links import RANGE_NAMES, Query
from gateway.pages.periods import presets


@dataclass(frozen=True, slots=True)
class RangeLink:
    """A ready-made range; `is_current` when it is the one that is shown."""

    name: str
    label: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class RangeForm:
    """`path` is the page that it leads to; `kept` what the form hands on beside its own fields."""

    path: str
    links: Sequence[RangeLink]
    has_own_range: bool
    kept: Sequence[tuple[str, str]]
    from_value: str
    to_value: str


def range_form(query: Query, now: datetime, path: str, *, asked: Query | None = None) -> RangeForm:
    """The form of a page at `path`.

    `asked`: what was asked for where not all of it can be used. It is what the fields show; links lead on without it.
    """
    shown = asked or query
    links = _range_links(query, shown, now, path)
    return RangeForm(
        path=path,
        links=links,
        has_own_range=not any(link.is_current for link in links),
        kept=[(name, value) for name, value in query.items if name not in (*RANGE_NAMES, "cursor")],
        from_value=shown.get("from"),
        to_value=shown.get("to"),
    )


def _range_links(query: Query, shown: Query, now: datetime, path: str) -> list[RangeLink]:
    links = []
    found = False
    for preset in presets(now):
        target = query.having(preset.parameters)
        is_current = not found and all(target.get(name) == shown.get(name) for name in RANGE_NAMES)
        found = found or is_current
        links.append(RangeLink(preset.name, preset.label, target.url(path), is_current))
    return links
