"""The page `/billing/statement`: why the balance moved from what it was to what it is, and how it went."""

import asyncio
from datetime import datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.backends import Backends
from gateway.freshness_watch import FreshnessWatch
from gateway.pages.asking import Failure, ask
from gateway.pages.balance.balance_line import ACROSS
from gateway.pages.balance.statement_rows import KIND_WORDS
from gateway.pages.balance.statement_view import history_view, statement_view
from gateway.pages.links import STATEMENT_PATH
from gateway.pages.period_view import period_form_again, read_period_view
from gateway.pages.periods import Period
from gateway.pages.record.part_words import part_name
from gateway.pages.stopped import shown_symptoms
from gateway.pages.templates import render
from gateway.problems import Problem, problem_of
from gateway.ranges import read_period
from services.common.clock import Clock
from services.common.errors import InvalidInput
from services.common.wire import to_timestamp
from tollbook.ledger.v1 import balance_pb2

_MOST_POINTS = 400
"""More steps than a screen has room for would not be seen."""


class StatementPage:
    """Renders the page. The statement and the history each fail on their own."""

    def __init__(self, backends: Backends, watch: FreshnessWatch, clock: Clock) -> None:
        self._balances = backends.balances
        self._watch = watch
        self._clock = clock

    async def show(self, request: Request) -> Response:
        """The page as it stands now; for a range that cannot be read, the form with what is wrong with it."""
        now = self._clock.now()
        try:
            view = read_period_view(request, now, STATEMENT_PATH)
            period = read_period(request, now)
            statement, history = await self._ask(period)
            _refuse_bad_input(statement)
        except Problem as problem:
            return period_form_again(request, problem, "statement.html", STATEMENT_PATH, now)
        body = render(
            "statement.html",
            **view.values(),
            stopped=shown_symptoms(self._watch.symptoms, view.zone),
            period=period,
            across=ACROSS,
            kind_words=KIND_WORDS,
            part_name=part_name,
            statement=statement if isinstance(statement, Failure) else statement_view(statement),
            history=history
            if isinstance(history, Failure)
            else history_view(history, _until_now(period, now)),
        )
        return HTMLResponse(body)

    async def _ask(
        self, period: Period
    ) -> tuple[balance_pb2.GetStatementResponse | Failure, balance_pb2.ListBalancesResponse | Failure]:
        from_time, to_time = to_timestamp(period.from_at), to_timestamp(period.to_at)
        return await asyncio.gather(
            ask(
                self._balances.GetStatement,
                balance_pb2.GetStatementRequest(from_time=from_time, to_time=to_time),
            ),
            ask(
                self._balances.ListBalances,
                balance_pb2.ListBalancesRequest(
                    from_time=from_time, to_time=to_time, max_points=_MOST_POINTS
                ),
            ),
        )


def _until_now(period: Period, now: datetime) -> Period:
    """What is still to come is not drawn."""
    return Period(period.from_at, max(min(period.to_at, now), period.from_at))


def _refuse_bad_input(statement: balance_pb2.GetStatementResponse | Failure) -> None:
    """What only the ledger can check, such as how long a period may be. Raises Problem."""
    if isinstance(statement, Failure) and isinstance(statement.error, InvalidInput):
        raise problem_of(statement.error)
