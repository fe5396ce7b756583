"""What the page of one record keeps from the address that led to it: the zone, the way back, the outcome of a fetch."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from starlette.requests import Request

from gateway.pages.fetch_outcomes import ToldOutcome, told_outcome
from gateway.pages.links import Query
from gateway.pages.record_links import list_query, record_url, witnesses_url
from gateway.pages.view import read_zone
from gateway.pages.zones import UTC_ZONE, Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """`list_query` is the list that led here, in the zone of this page.

    `outcome_parameters` are those of the address that say what came of a fetch.
    """

    zone: Zone
    list_query: Query
    outcome: ToldOutcome | None
    outcome_parameters: Mapping[str, str]

    @property
    def zone_name(self) -> str:
        """As a parameter: empty for UTC."""
        return "" if self.zone == UTC_ZONE else self.zone.name

    @property
    def back_url(self) -> str:
        """The list as it was."""
        return self.list_query.url()

    @property
    def back(self) -> str:
        """The same as a parameter."""
        return urlencode(self.list_query.items)

    def own_url(self, kind: str, record_id: str) -> str:
        """This page again."""
        return record_url(
            kind, record_id, back=self.list_query, zone=self.zone_name, **self.outcome_parameters
        )

    def url_of(self, kind: str, record_id: str) -> str:
        """The page of another record, with the same way back."""
        return record_url(kind, record_id, back=self.list_query, zone=self.zone_name)

    def witnesses_url(self, session_id: str) -> str:
        """Where the witnesses of a session are compared, with the same way back."""
        return witnesses_url(session_id, back=self.list_query, zone=self.zone_name)


def read_surroundings(request: Request, now: datetime) -> Surroundings:
    """Of this request. `back`, `outcome` and `asked` are ignored where they are not ours. Raises Problem for a zone."""
    zone = read_zone(request)
    given = request.query_params
    came_from = list_query(given.get("back", ""))
    outcome = told_outcome(given.get("outcome", ""), given.get("asked", ""), now)
    return Surroundings(
        zone=zone,
        list_query=Query.of([("zone", zone.name), *came_from.items]) if zone != UTC_ZONE else came_from,
        outcome=outcome,
        outcome_parameters={name: given[name] for name in ("outcome", "asked")} if outcome else {},
    )
