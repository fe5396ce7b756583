"""Brings the ledger's knowledge of usage_reports up to date, as far as time allows."""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from services.common.errors import TelnyxRefused, TollbookError
from services.reconciler.audit.book_days import BookDay
from services.reconciler.audit.line import counted
from services.reconciler.audit.ports import UsageProductsPort
from services.reconciler.audit.stale_usage import Days, audited_names, stale_days, unlisted_types
from services.reconciler.audit.verdicts import AuditTerms
from services.reconciler.reader import ABOUT_THE_REQUEST, gather_some
from services.reconciler.usage import PRODUCT_PREFIX
from services.reconciler.usage_reading import UsageReading

_MOST_NAMES: Final = 200
_MOST_NAMED: Final = 3


class UsageRefresh:
    """Asks usage_reports about what they have not been asked since everything had time to arrive."""

    def __init__(self, usage: UsageReading, products: UsageProductsPort) -> None:
        self._usage = usage
        self._products = products

    async def refresh(
        self, days: Days, known: Sequence[BookDay], terms: AuditTerms, *, again: bool, budget_s: float
    ) -> list[str]:
        """Ask about these days; with `again` about all of them. Gives what could not be asked, as sentences."""
        run = _Run()
        try:
            async with asyncio.timeout(budget_s):
                for name in await self._names(known, run):
                    stale = days if again else stale_days(name, days, known, self._usage.asked_at, terms)
                    if stale is not None:
                        run.left[name] = stale
                await gather_some(partial(self._read, run), list(run.left.items()))
        except TimeoutError:
            run.troubles.append(
                f"usage_reports were not asked about everything within {budget_s:.0f} s "
                f"({counted(len(run.left), 'product')} left); ask again"
            )
        return run.troubles + _worded(run.faults)

    async def _names(self, known: Sequence[BookDay], run: "_Run") -> list[str]:
        """What to ask about; nothing where Telnyx is away: somebody may be waiting."""
        try:
            products = await self._products.usage_products()
        except TollbookError as error:
            run.troubles.append(f"the products of usage_reports are not known: {error}")
            return audited_names(None) if _is_about_the_question(error) else []
        run.troubles += [
            f"usage_reports know no product of {name}: its records cannot be held against them"
            for name in unlisted_types(products, known)
        ]
        return audited_names(products)[:_MOST_NAMES]

    async def _read(self, run: "_Run", wanted: tuple[str, Days]) -> None:
        name, (first, end) = wanted
        try:
            await self._usage.read(name, first, end)
        except TollbookError as error:
            run.faults.append((name, str(error)))
        del run.left[name]


class _Run:
    """How far one refreshing is: what is left to ask, what failed and why, and what else to tell."""

    def __init__(self) -> None:
        self.left: dict[str, Days] = {}
        self.faults: list[tuple[str, str]] = []
        self.troubles: list[str] = []


def _is_about_the_question(error: TollbookError) -> bool:
    """Telnyx refused just what was asked: it may well answer something else."""
    return isinstance(error, TelnyxRefused) and error.field == ABOUT_THE_REQUEST


def _worded(faults: Iterable[tuple[str, str]]) -> list[str]:
    """One sentence for each reason, however many products it stands in the way of."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in sorted(faults):
        by_reason.setdefault(reason, []).append(name.removeprefix(PRODUCT_PREFIX))
    return [f"usage_reports could not be asked about {_listed(names)}: {r}" for r, names in by_reason.items()]


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - _MOST_NAMED
    named = ", ".join(names[:_MOST_NAMED])
    return f"{named} and {rest} more" if rest > 0 else named
