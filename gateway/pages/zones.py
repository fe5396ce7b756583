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
    """`local` is for people, `machine` RFC 3339 in UTC, `offset` says what `local` counts in (`UTC+02:00`)."""

    date: str
    clock: str
    machine: str
    offset: str

    @property
    def local(self) -> str:
        """Date and time of day."""
        return f"{self.date} {self.clock}"


UTC_ZONE = Zone("UTC", UTC)


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """Every zone there is, in order; only names of places and UTC (`Etc/GMT+5` would be read the wrong way round)."""
    return tuple(sorted(name for name in available_timezones() if _is_offered(name)))


def find_zone(name: str) -> Zone | None:
    """The zone of this name; None for one that does not exist. An empty name means UTC."""
    if not name or name == UTC_ZONE.name:
        return UTC_ZONE
    # Asked of the list first: ZoneInfo would take the name for the path of a file.
    return Zone(name, ZoneInfo(name)) if name in available_zones() else None


@lru_cache(maxsize=1)
def available_zones() -> frozenset[str]:
    """Every name that is understood, the old and the odd ones too."""
    return frozenset(available_timezones())


def show_time(moment: datetime, zone: Zone) -> ShownTime:
    """A moment as a zone's clocks and calendars show it."""
    local = moment.astimezone(zone.rules)
    return ShownTime(
        date=f"{local:%Y-%m-%d}",
        clock=f"{local:%H:%M:%S}",
        machine=format_rfc3339(moment),
        offset=_offset_of(local),
    )


def _offset_of(local: datetime) -> str:
    text = f"{local:%z}"
    return "UTC" if text == "+0000" else f"UTC{text[:3]}:{text[3:5]}"


def _is_offered(name: str) -> bool:
    return name == UTC_ZONE.name or ("/" in name and not name.startswith(("Etc/", "SystemV/", "US/")))
