"""What the pages of a stretch of time share: the range and the zone that they are asked for, and how to change them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.pages.links import DEFAULTS, PERIOD_NAMES, Query
from gateway.pages.range_form import range_form
from gateway.pages.templates import render
from gateway.pages.view import read_query, read_zone
from gateway.pages.zones import UTC_ZONE, Zone, show_time
from gateway.problems import Problem


@dataclass(frozen=True, slots=True)
class PeriodView:
    """What was asked for; `path` is that of the page."""

    path: str
    query: Query
    zone: Zone
    now: datetime

    @property
    def zone_parameter(self) -> str:
        """The zone as a parameter: empty for UTC."""
        return "" if self.zone == UTC_ZONE else self.zone.name

    def values(self) -> dict[str, Any]:
        """What the template period.html takes."""
        return {
            "problem": None,
            "form": range_form(self.query, self.now, self.path),
            "zone": self.zone,
            "kept": self.query.items,
            "own_url": self.query.url(self.path),
            "now": show_time(self.now, self.zone),
        }


def read_period_view(request: Request, now: datetime, path: str) -> PeriodView:
    """The view of a request. Raises Problem."""
    return PeriodView(path, read_query(request).only(*PERIOD_NAMES), read_zone(request), now)


def period_form_again(
    request: Request, problem: Problem, template: str, path: str, now: datetime
) -> Response:
    """The page without its figures: what is wrong, beside the field that is to be changed."""
    asked = read_query(request).only(*PERIOD_NAMES)
    usable = asked.without(problem.field) if problem.field in DEFAULTS else Query()
    body = render(
        template,
        problem=problem,
        form=range_form(usable, now, path, asked=asked),
        start_url=usable.url(path) if usable != asked else path,
    )
    return HTMLResponse(body, problem.status, problem.headers)
