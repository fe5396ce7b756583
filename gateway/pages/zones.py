"""The zone in which a page shows times; the days of the book stay UTC days. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from services.common.times import format_rfc3339


@dataclass(frozen=True, slots=True)
class Zone:
    """An IANA zone by its name; UTC has the name `UTC`."""

    name: str
    rules: tzinfo


@dataclass(frozen=True, slots=True)
class ShownTime:
    """A moment for people and for machines.

    `date` and `clock` are local, `offset` says what they count in (`UTC+02:00`), `machine` is RFC 3339 in UTC.
    """

    date: str
    clock: str
    offset: str
    machine: str

    @property
    def local(self) -> str:
        """Date and time of day."""
        return f"{self.date} {self.clock}"


UTC_ZONE = Zone("UTC", UTC)


def find_zone(name: str) -> Zone | None:
    """The zone of this name; None for one that does not exist. An empty name means UTC."""
    if not name or name == UTC_ZONE.name:
        return UTC_ZONE
    # Looked up in the list first: ZoneInfo would take the name for the path of a file.
    return Zone(name, ZoneInfo(name)) if name in _known_names() else None


@lru_cache(maxsize=1)
def offered_zones() -> tuple[str, ...]:
    """The zones to choose from: places, and UTC. (`Etc/GMT+5` and its like are read the wrong way round.)"""
    places = (name for name in _known_names() if "/" in name and not name.startswith(("Etc/", "US/")))
    return (UTC_ZONE.name, *sorted(places))


@lru_cache(maxsize=1)
def _known_names() -> frozenset[str]:
    return frozenset(available_timezones())


def show_time(moment: datetime, zone: Zone) -> ShownTime:
    """A moment as a zone's clocks and calendars show it."""
    try:
        local = moment.astimezone(zone.rules)
    except OverflowError:
        # The first and last days of all calendars have no local time everywhere.
        local = moment.astimezone(UTC)
    return ShownTime(
        date=f"{local:%Y-%m-%d}",
        clock=f"{local:%H:%M:%S}",
        offset=_offset_of(local),
        machine=format_rfc3339(moment),
    )


def _offset_of(local: datetime) -> str:
    text = f"{local:%z}"
    return "UTC" if text == "+0000" else f"UTC{text[:3]}:{text[3:5]}"
