"""Detail records that the book refused: kept, counted, and handed to it again now and then."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import Connection, delete, func, select, tuple_, update

from services.common.clock import Clock
from services.common.database import Database
from services.common.errors import InvalidInput
from services.common.statements import insert_missing
from services.ledger.intake.tables import refused_records
from services.ledger.refusals import Refusal
from services.ledger.store.fact_faults import FactFault
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.wire import decode_record, encode_record
from tollbook.telnyx.v1 import detail_record_pb2

KEPT_ASIDE: Final = "the book cannot take it; it is kept aside for a ledger that can"
_MOST_KEPT: Final = 1_000
"""Beyond these a record is only told of: Telnyx keeps it too, and each sweep brings it again."""

_KEY: Final = (refused_records.c.record_type, refused_records.c.record_id)
_COUNT: Final = select(func.count()).select_from(refused_records)
_log = structlog.get_logger()


class RefusedRecords:
    """Their rows. Every method raises Conflict and Unavailable."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def keep(self, refusals: Sequence[Refusal[DetailRecord]]) -> None:
        """Keep what the book has just refused, as it came first, and say so in the log."""
        rows = {
            (refusal.fact.record_type, refusal.fact.record_id): {
                "record_type": refusal.fact.record_type,
                "record_id": refusal.fact.record_id,
                "refused_at": self._clock.now(),
                "record": encode_record(refusal.fact).SerializeToString(),
            }
            for refusal in refusals
        }

        def work(connection: Connection) -> None:
            room = _MOST_KEPT - connection.execute(_COUNT).scalar_one()
            known = {tuple(row) for row in connection.execute(select(*_KEY).where(tuple_(*_KEY).in_(rows)))}
            fresh = [row for key, row in rows.items() if key not in known]
            insert_missing(connection, refused_records, fresh[: max(0, room)])

        await self._database.write_async(work)
        for refusal in refusals:
            _log.error(
                "record.refused",
                record_type=refusal.fact.record_type,
                record_id=refusal.fact.record_id,
                reason=refusal.reason,
                message=f"a detail record is not booked: {KEPT_ASIDE}",
                exc_info=None if isinstance(refusal.error, InvalidInput) else refusal.error,
            )

    async def all(self) -> list[DetailRecord]:
        """Everything that is kept."""
        query = select(refused_records.c.record).order_by(refused_records.c.refused_at)
        texts = await self._database.read_async(lambda connection: connection.scalars(query).all())
        return [decode_record(detail_record_pb2.DetailRecord.FromString(bytes(text))) for text in texts]

    async def forget(self, records: Sequence[DetailRecord]) -> None:
        """These are in the book now."""
        keys = [(record.record_type, record.record_id) for record in records]
        gone = delete(refused_records).where(tuple_(*_KEY).in_(keys))
        await self._database.write_async(lambda connection: connection.execute(gone))

    async def faults(self) -> list[FactFault]:
        """How many there are of each type, as a fault of the book's facts."""
        table = refused_records
        query = select(table.c.record_type, func.count().label("record_count"), func.min(table.c.record_id))
        rows = await self._database.read_async(
            lambda connection: connection.execute(query.group_by(table.c.record_type)).all()
        )
        return [
            FactFault(kind=name, reason=KEPT_ASIDE, count=count, example_id=example_id, blocks=True)
            for name, count, example_id in rows
        ]

    async def drop_raw_texts(self, refused_before: datetime) -> int:
        """Drop the raw texts of records that were refused before; returns of how many."""
        table = refused_records

        def work(connection: Connection) -> int:
            rows = connection.execute(select(table).where(table.c.refused_at < refused_before)).all()
            count = 0
            for row in rows:
                message = detail_record_pb2.DetailRecord.FromString(bytes(row.record))
                if message.raw:
                    message.ClearField("raw")
                    which = (table.c.record_type == row.record_type) & (table.c.record_id == row.record_id)
                    connection.execute(update(table).where(which).values(record=message.SerializeToString()))
                    count += 1
            return count

        return await self._database.write_async(work)
