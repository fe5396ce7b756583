"""Streams of CSV lines for those who export charges."""

from collections.abc import AsyncGenerator
from functools import partial

from services.common.database import Database
from services.common.errors import Unavailable
from services.ledger.csv_lines import header_line
from services.ledger.store.charge_exports import ExportPage, export_page
from services.ledger.store.charge_filters import ChargeFilter
from services.ledger.store.charge_orders import OrderName, Place

MAX_EXPORTS = 8
"""Each has a page in memory, some 3 MB, for as long as whoever reads it takes."""

_RETRY_AFTER_S = 10.0


class ChargeExports:
    """As many exports at once as there is room for. Lives in one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._running_count = 0

    async def lines(self, wanted: ChargeFilter, order: OrderName) -> AsyncGenerator[bytes, None]:
        """Whole lines, those of the header first, read as fast as they are taken and not faster.

        Between two pages, and while nobody takes a line, there is no transaction. Raises InvalidInput on `text` as
        `seek` does, and Unavailable when too many exports are running, both before the first line.
        """
        if self._running_count >= MAX_EXPORTS:
            raise Unavailable(
                f"{MAX_EXPORTS} exports are running already: try again when one has ended",
                retry_after_s=_RETRY_AFTER_S,
            )
        self._running_count += 1
        try:
            page = await self._page(wanted, order, None)
            yield header_line()
            while True:
                for lines in page.lines:
                    yield lines
                if page.end is None:
                    return
                page = await self._page(wanted, order, page.end)
        finally:
            self._running_count -= 1

    async def _page(self, wanted: ChargeFilter, order: OrderName, place: Place | None) -> ExportPage:
        return await self._database.read_async(
            partial(export_page, wanted=wanted, order_name=order, place=place), at_one_moment=True
        )
