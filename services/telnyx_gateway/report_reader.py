"""Downloading a complete report and reading its rows as they arrive."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from services.common.clock import Clock
from services.common.errors import NotFound
from services.telnyx_gateway.client import TelnyxClient
from services.telnyx_gateway.csv_rows import CsvRow, CsvRows
from services.telnyx_gateway.download import Downloader
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.report_rows import ReportColumns, RowReader, read_columns
from services.telnyx_gateway.reports import ReportSource, ReportStatus, report_request
from services.telnyx_vocabulary.detail_record import DetailRecord

MAX_BATCH_ROWS = 500
MAX_BATCH_BYTES = 1024 * 1024
"""Of the rows' own text; a batch goes into one gRPC message."""

_NOT_COMPLETE = {
    ReportStatus.PENDING: "the report is not complete yet",
    ReportStatus.FAILED: "Telnyx could not make the report: order it again",
    ReportStatus.EXPIRED: "the report is too old to be read: order it again",
}


@dataclass(frozen=True, slots=True)
class ReportRows:
    """Some rows. `has_record_ids`: as of the whole report; who books them must know before the first."""

    records: tuple[DetailRecord, ...]
    has_record_ids: bool


@dataclass(frozen=True, slots=True)
class ReportEnd:
    """What the report was like as a whole. With missing columns none of its rows were read."""

    row_count: int
    broken_count: int
    has_record_ids: bool
    missing_columns: tuple[str, ...]
    read_at: datetime


class ReportReader:
    """Reads reports of one account."""

    def __init__(self, client: TelnyxClient, downloader: Downloader, clock: Clock) -> None:
        self._client = client
        self._downloader = downloader
        self._clock = clock

    async def read(self, source: ReportSource, report_id: str) -> AsyncIterator[ReportRows | ReportEnd]:
        """The rows in batches, and at last ReportEnd; without it the report was not read to its end.

        Raises NotFound for a report that is not complete, or whose file is gone, TelnyxRefused, TelnyxUnreachable and
        QuotaExhausted.
        """
        report = await self._client.ask(report_request(source, report_id), Priority.BACKGROUND)
        if report.status in _NOT_COMPLETE:
            raise NotFound(_NOT_COMPLETE[report.status])
        async with aclosing(self._rows(report.url)) as rows:
            columns = await _read_columns(rows, source)
            reader = RowReader(source.record_type, columns, self._clock.now())
            if not columns.missing:
                async for batch in _batches(rows, reader):
                    yield ReportRows(batch, columns.has_record_ids)
        yield ReportEnd(
            reader.row_count,
            reader.broken_count,
            columns.has_record_ids,
            columns.missing,
            self._clock.now(),
        )

    async def _rows(self, url: str) -> AsyncGenerator[CsvRow, None]:
        split = CsvRows()
        async with aclosing(self._downloader.read(url)) as chunks:
            async for chunk in chunks:
                for row in split.feed(chunk):
                    yield row
        for row in split.end():
            yield row


async def _read_columns(rows: AsyncGenerator[CsvRow, None], source: ReportSource) -> ReportColumns:
    """From the first row; a file without any lacks every column."""
    heading = await anext(rows, CsvRow("", None))
    return read_columns(heading.fields or (), source.record_type)


async def _batches(
    rows: AsyncGenerator[CsvRow, None], reader: RowReader
) -> AsyncIterator[tuple[DetailRecord, ...]]:
    batch: list[DetailRecord] = []
    size = 0
    async for row in rows:
        batch.append(reader.read(row))
        size += len(batch[-1].raw)
        if len(batch) >= MAX_BATCH_ROWS or size >= MAX_BATCH_BYTES:
            yield tuple(batch)
            batch, size = [], 0
    if batch:
        yield tuple(batch)
