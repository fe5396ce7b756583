"""Verifying a book: every charge, every sum and every hash is made again and held against what is kept.

It only reads, in short transactions of one moment each, beside whoever writes. What a moment shows is right or wrong in
itself: charges, sums and entries change together. Only what a sweep closes follows in later transactions: where charges
differ, their clusters are looked at again until every sweep has been applied.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from services.common.clock import Clock
from services.common.database import Database
from services.common.errors import InvalidInput, Unavailable
from services.ledger.chain import MAX_BLOCK_ENTRIES, Block, faults, read_head
from services.ledger.facts import Rules
from services.ledger.findings import MAX_FINDINGS, Finding, Progress, Verified
from services.ledger.store.blocks import blocks_after, last_block, sealable_entries
from services.ledger.store.charge_proof import ProvenPage, prove_clusters
from services.ledger.store.fact_proof import prove_belonging
from services.ledger.store.proof_counts import ProofCounts, clusters_after, count_proof
from services.ledger.store.sum_proof import prove_days, stretches_of_days
from services.ledger.store.sweep_weights import unapplied_sweeps

_CLUSTERS_AT_ONCE = 250
_BLOCKS_AT_ONCE = 100
_MAX_LOOKS = 20
_LOOK_PAUSE_S = 0.25

_pause = asyncio.sleep

Item = Finding | Progress
Items = AsyncGenerator[Item, None]


class Verifier:
    """Verifies one book, once at a time."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._is_busy = False

    async def verify(self, rules: Rules, expected_head: str) -> AsyncGenerator[Item | Verified, None]:
        """What is found, with the progress of each stage, and in the end the result.

        `expected_head`: a head kept elsewhere, which the chain must contain; may be empty. Raises InvalidInput for what
        is no head, Unavailable while another verification runs.
        """
        expected = _read_expected(expected_head)
        if self._is_busy:
            raise Unavailable("the book is being verified already: try again when that has ended")
        self._is_busy = True
        try:
            counts = await self._database.read_async(count_proof)
            run = _Run(self._database, self._clock, rules, counts)
            finding_count = 0
            for stage in (run.charges(), run.sums(), run.chain(expected)):
                async with aclosing(stage) as items:
                    async for item in items:
                        finding_count += isinstance(item, Finding)
                        if finding_count <= MAX_FINDINGS or isinstance(item, Progress):
                            yield item
            yield run.result(finding_count)
        finally:
            self._is_busy = False


def _read_expected(text: str) -> tuple[int, bytes] | None:
    try:
        return read_head(text) if text else None
    except ValueError as error:
        raise InvalidInput(str(error), "expected_head") from error


@dataclass(slots=True)
class _Run:
    """One verification, and what it has counted."""

    database: Database
    clock: Clock
    rules: Rules
    counts: ProofCounts
    charge_count: int = 0
    entry_count: int = 0
    block_count: int = 0
    block: Block | None = None
    looks_left: int = _MAX_LOOKS

    def result(self, finding_count: int) -> Verified:
        return Verified(
            fact_count=self.counts.facts,
            charge_count=self.charge_count,
            entry_count=max(self.entry_count, self.counts.entries),
            block_count=self.block_count,
            head=self.block.head if self.block else "",
            finding_count=finding_count,
        )

    async def charges(self) -> Items:
        """Every cluster is derived again."""
        cluster_id = 0
        yield Progress("charges", 0, self.counts.charges)
        while cluster_ids := await self.database.read_async(
            partial(
                clusters_after,
                cluster_id=cluster_id,
                last_id=self.counts.last_cluster_id,
                limit=_CLUSTERS_AT_ONCE,
            )
        ):
            page = await self._prove(cluster_ids)
            for findings in (await self._looked_at_again(page)).findings.values():
                for finding in findings:
                    yield finding
            self.charge_count += page.charge_count
            cluster_id = cluster_ids[-1]
            yield Progress("charges", self.charge_count, max(self.counts.charges, self.charge_count))
        for finding in await self.database.read_async(partial(prove_belonging, limit=MAX_FINDINGS)):
            yield finding

    async def _prove(self, cluster_ids: Sequence[int]) -> ProvenPage:
        work = partial(prove_clusters, cluster_ids=cluster_ids, rules=self.rules, now=self.clock.now())
        return await self.database.read_async(work, at_one_moment=True)

    async def _looked_at_again(self, page: ProvenPage) -> ProvenPage:
        """What is still wrong under the clusters' current state, once every sweep has been applied."""
        while page.findings:
            is_pending = bool(await self.database.read_async(unapplied_sweeps))
            page = await self._prove(list(page.findings))
            if not is_pending or not self.looks_left:
                break
            self.looks_left -= 1
            await _pause(_LOOK_PAUSE_S)
        return page

    async def sums(self) -> Items:
        """Every day is added up again."""
        stretches = await self.database.read_async(stretches_of_days)
        total = sum(days for _, _, days in stretches)
        done = 0
        for first_day, last_day, days in stretches:
            work = partial(prove_days, first_day=first_day, last_day=last_day)
            for finding in await self.database.read_async(work, at_one_moment=True):
                yield finding
            done += days
            yield Progress("sums", done, total)

    async def chain(self, expected: tuple[int, bytes] | None) -> Items:
        """Every block is hashed again, up to the last one there is when the stage begins."""
        last = await self.database.read_async(last_block)
        last_number = last.number if last else 0
        number = 0
        while blocks := await self.database.read_async(
            partial(blocks_after, number=number, last_number=last_number, limit=_BLOCKS_AT_ONCE)
        ):
            for block in blocks:
                async for item in self._block(block, expected):
                    yield item
            number = blocks[-1].number
        if expected is not None and expected[0] > number:
            yield Finding(
                "chain",
                f"block {expected[0]}",
                f"the head that was kept is not there: {number} is the last block",
            )

    async def _block(self, block: Block, expected: tuple[int, bytes] | None) -> AsyncIterator[Item]:
        work = partial(self._block_faults, block=block)
        for message in await self.database.read_async(work):
            yield Finding("chain", f"block {block.number}", message)
        if expected is not None and block.number == expected[0] and block.hash != expected[1]:
            yield Finding("chain", f"block {block.number}", "it is not the block whose hash was kept")
        self.block = block
        self.block_count += 1
        self.entry_count += block.entry_count
        yield Progress("chain", self.entry_count, max(self.counts.entries, self.entry_count))

    def _block_faults(self, connection: Connection, block: Block) -> list[str]:
        after_id = self.block.last_entry_id if self.block else 0
        entries = sealable_entries(connection, after_id, block.last_entry_id, MAX_BLOCK_ENTRIES + 1)
        return faults(self.block, block, entries)
