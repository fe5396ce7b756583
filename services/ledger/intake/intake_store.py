"""What was taken in, durably, until it is booked."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from os import urandom
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, update

from services.common.clock import Clock
from services.common.database import Database
from services.common.database_clock import database_now
from services.common.errors import DiskFull
from services.common.statements import has_many_writers, insert_missing
from services.common.value_lists import is_among
from services.ledger import failpoints
from services.ledger.intake.refused_records import KEPT_ASIDE, RefusedRecords
from services.ledger.intake.requests import read_request, without_raw_texts
from services.ledger.intake.room import Room
from services.ledger.intake.tables import event_intake
from services.ledger.store.fact_faults import WEBHOOK, FactFault

_CLAIMED_ROWS = 16
_TRIAL_BYTES = 64 * 1024
_APPEND = insert(event_intake).returning(event_intake.c.id)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class IntakeRow:
    """A request that was taken in; `request` is a RecordEventsRequest as bytes."""

    row_id: int
    request: bytes


class IntakeStore:
    """The rows of the intake. Every method raises Conflict and Unavailable.

    On PostgreSQL ledgers share the table, and each books what it took in itself. A row that stays for long was left by
    one that has died: another claims it, by the database's clock. Should both be alive, an event is booked twice, which
    changes nothing. `room`: whether rows can be added.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.room = Room()
        self.refused_records = RefusedRecords(database, clock)

    async def append(self, request: bytes) -> int:
        """Make a request durable; returns the id of its row."""
        row_id = await self._write(_appending(request, self._now))
        failpoints.INTAKE_APPENDED.reached()
        return row_id

    async def try_to_grow(self) -> None:
        """Write something of size, and nothing that stays: that it can be done is all that it is for."""

        def work(connection: Connection) -> None:
            row = {"request": urandom(_TRIAL_BYTES), "claimed_at": self._now(connection), "is_refused": False}
            row_id: int = connection.execute(_APPEND, row).scalar_one()
            connection.execute(delete(event_intake).where(event_intake.c.id == row_id))

        await self._write(work)
        self.room.took("growing")

    async def remove(self, row_ids: Sequence[int], refused: Sequence[bytes]) -> None:
        """Forget rows that are booked, but for those of their events, each as a request, that the book refused."""

        def work(connection: Connection) -> None:
            if row_ids:
                # However many there are: where forgetting fails for a while, they become more.
                connection.execute(delete(event_intake).where(is_among(event_intake.c.id, row_ids)))
            if refused:
                _keep_refused(connection, refused, self._now(connection))
            failpoints.INTAKE_FORGETTING.reached()

        await self._write(work)
        failpoints.INTAKE_FORGOTTEN.reached()

    async def last_id(self) -> int:
        """The id of the newest row, or 0."""
        query = select(func.coalesce(func.max(event_intake.c.id), 0))
        return await self._write(lambda connection: connection.execute(query).scalar_one())

    async def claim_left(self, after_id: int, last_id: int) -> list[IntakeRow]:
        """The next few rows between two ids, whoever took them in, also those that were refused."""
        return await self._claim(event_intake.c.id > after_id, event_intake.c.id <= last_id)

    async def claim_stale(self, age: timedelta) -> list[IntakeRow]:
        """A few of the rows that nobody has claimed for so long; not those that were refused."""

        def work(connection: Connection) -> list[IntakeRow]:
            now = self._now(connection)
            return _claim(
                connection, (event_intake.c.claimed_at < now - age, ~event_intake.c.is_refused), now
            )

        return await self._write(work)

    async def unbooked_ids(self, booked_ids: Collection[int]) -> tuple[int, int] | None:
        """The first and the last row that is to be booked, whoever took it in, but for these; None if there is none."""
        table = event_intake
        query = select(func.min(table.c.id), func.max(table.c.id)).where(~table.c.is_refused)
        if booked_ids:
            query = query.where(table.c.id.not_in(booked_ids))
        first_id, last_id = await self._database.read_async(
            lambda connection: connection.execute(query).one()
        )
        return None if first_id is None else (first_id, last_id)

    async def count_refused(self) -> int:
        """How many events the book has refused."""
        query = select(func.count()).select_from(event_intake).where(event_intake.c.is_refused)
        return await self._write(lambda connection: connection.execute(query).scalar_one())

    async def faults(self) -> list[FactFault]:
        """What the book has refused, as faults of its facts."""
        refused = event_intake.c.is_refused
        query = select(func.count()).select_from(event_intake).where(refused)
        first = select(event_intake.c.request).where(refused).order_by(event_intake.c.id).limit(1)
        count, request = await self._database.read_async(
            lambda connection: (connection.execute(query).scalar_one(), connection.execute(first).scalar())
        )
        of_records = await self.refused_records.faults()
        if request is None:
            return of_records
        events, _ = read_request(bytes(request))
        example_id = events[0].event_id if events else ""
        return [
            FactFault(kind=WEBHOOK, reason=KEPT_ASIDE, count=count, example_id=example_id, blocks=True),
            *of_records,
        ]

    async def drop_raw_texts(self, received_before: datetime) -> int:
        """Drop the raw texts of events that the book refused, where they are older; returns from how many."""
        table = event_intake

        def work(connection: Connection) -> int:
            rows = connection.execute(select(table.c.id, table.c.request).where(table.c.is_refused)).all()
            shorter = [
                {"the_id": row.id, "request": request}
                for row in rows
                if (request := without_raw_texts(bytes(row.request), received_before)) != row.request
            ]
            if shorter:
                connection.execute(update(table).where(table.c.id == bindparam("the_id")), shorter)
            return len(shorter)

        return await self._write(work)

    async def _write(self, work: Callable[[Connection], Result]) -> Result:
        try:
            return await self._database.write_async(work)
        except DiskFull:
            self.room.refused("growing")
            raise

    async def _claim(self, *which: ColumnElement[bool]) -> list[IntakeRow]:
        return await self._write(lambda connection: _claim(connection, which, self._now(connection)))

    def _now(self, connection: Connection) -> datetime:
        """By the clock that all who share the table have in common."""
        return database_now(connection) if has_many_writers(connection) else self._clock.now()


def _appending(request: bytes, clock: Callable[[Connection], datetime]) -> Callable[[Connection], int]:
    """Work that adds one row, however often it is done, also where an earlier attempt was committed after all."""
    row_id: int | None = None

    def work(connection: Connection) -> int:
        nonlocal row_id
        row = {"request": request, "claimed_at": clock(connection), "is_refused": False}
        if row_id is None:
            row_id = connection.execute(_APPEND, row).scalar_one()
        else:
            insert_missing(connection, event_intake, [{"id": row_id, **row}])
        failpoints.INTAKE_APPENDING.reached()
        return row_id

    return work


def _keep_refused(connection: Connection, refused: Sequence[bytes], now: datetime) -> None:
    """Keep each refused event once, by what it says: an earlier attempt, or another ledger, may have kept it."""
    table = event_intake
    query = select(table.c.request).where(table.c.is_refused, table.c.request.in_(refused))
    kept = {bytes(request) for request in connection.scalars(query)}
    rows = [
        {"request": request, "claimed_at": now, "is_refused": True}
        for request in dict.fromkeys(refused)
        if request not in kept
    ]
    if rows:
        connection.execute(insert(table), rows)


def _claim(connection: Connection, which: Sequence[ColumnElement[bool]], now: datetime) -> list[IntakeRow]:
    table = event_intake
    query = select(table.c.id, table.c.request).where(*which).order_by(table.c.id).limit(_CLAIMED_ROWS)
    # What another ledger is claiming at this moment is claimed.
    rows = connection.execute(query.with_for_update(skip_locked=True)).all()
    if rows:
        ids = [row.id for row in rows]
        connection.execute(update(table).where(table.c.id.in_(ids)).values(claimed_at=now))
    return [IntakeRow(row.id, bytes(row.request)) for row in rows]
