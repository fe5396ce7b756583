"""What must hold at the end of every simulation, whatever happened on the way."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from random import Random

from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.simulation.account import Account
from tests.simulation.clusters import BookedCharge, Cluster
from tests.simulation.memory_book import MemoryBook
from tests.simulation.rows import Row

_MAX_SHOWN = 10


class Broken(AssertionError):
    """An invariant does not hold."""


def check_journal(book: MemoryBook) -> None:
    """The entries of each charge add up to its cost, each says so, and what was settled stays settled."""
    for held in _charges(book):
        reached = 0
        settled_at = None
        for posted_at, entry in held.entries:
            reached += entry.amount_nanos
            _hold(
                entry.cost_after_nanos == reached,
                f"an entry of {held.charge.key} does not say what it comes to",
            )
            _hold(
                settled_at is None or entry.kind == "adjustment",
                f"{held.charge.key} was settled, and has a later entry of kind {entry.kind}",
            )
            settled_at = posted_at if entry.kind == "exact" else settled_at
        _hold(
            reached == held.booked.cost_nanos, f"the entries of {held.charge.key} do not add up to its cost"
        )
        _hold(
            held.booked.settled_at == settled_at,
            f"{held.charge.key} is settled at {held.booked.settled_at}, its journal says {settled_at}",
        )


def drift(book: MemoryBook, account: Account) -> dict[str, tuple[int, int]]:
    """(book, bill) in nanos for every session, message or other record on which they do not agree."""
    booked = booked_by_key(book)
    keys = booked.keys() | account.bill.keys()
    pairs = {key: (booked.get(key, 0), account.bill.get(key, 0)) for key in keys}
    return {key: pair for key, pair in sorted(pairs.items()) if pair[0] != pair[1]}


def check_no_drift(book: MemoryBook, account: Account) -> None:
    """The book is the bill, to the nano, for each session and so in total."""
    differing = drift(book, account)
    worst = list(differing.items())[:_MAX_SHOWN]
    shown = ", ".join(f"{key}: {one} booked, {other} billed" for key, (one, other) in worst)
    _hold(not differing, f"{len(differing)} sessions differ from the bill: {shown}")


def check_no_exact_zeros(book: MemoryBook) -> None:
    """Nothing that costs something was ever called exact at 0. Records that come very late make that happen."""
    wrong = [
        held.charge.key
        for held in _charges(book)
        if held.booked.cost_nanos
        and any(e.kind == "exact" and not e.cost_after_nanos for _, e in held.entries)
    ]
    _hold(not wrong, f"{len(wrong)} charges were exact at 0 and are not: {wrong[:_MAX_SHOWN]}")


def check_repetition(book: MemoryBook, events: list[WebhookEvent], rows: list[Row], seed: int) -> None:
    """All input once more, in another order, adds nothing; and nothing derives to anything else than is booked."""
    before, entry_count = digest(book), book.entry_count
    rng = Random(f"repetition {seed}")
    again = events.copy()
    rng.shuffle(again)
    for start in range(0, len(again), 100):
        book.record_events(again[start : start + 100])
    book.rederive_all()
    _hold(book.entry_count == entry_count, f"repeated input added {book.entry_count - entry_count} entries")
    _hold(digest(book) == before, "repeated input changed the book")


def booked_by_key(book: MemoryBook) -> dict[str, int]:
    """Nanos by session, message, or record of no call."""
    sums: defaultdict[str, int] = defaultdict(int)
    for cluster in book.clusters.all():
        for held in cluster.charges.values():
            sums[_bill_key(cluster, held)] += held.booked.cost_nanos
    return sums


def digest(book: MemoryBook) -> str:
    """The hash of the whole book: every charge, every entry, and what is open."""
    told = hashlib.sha256()
    for held in sorted(_charges(book), key=lambda one: one.charge.key):
        told.update(
            repr((held.charge.key, held.booked, held.merged_into, held.charge.parts, held.entries)).encode()
        )
    for row in sorted(book.work.rows(), key=lambda row: (row.item.kind, row.item.record_id)):
        told.update(repr(row.told).encode())
    return told.hexdigest()


def _charges(book: MemoryBook) -> Iterator[BookedCharge]:
    for cluster in book.clusters.all():
        yield from cluster.charges.values()


def _bill_key(cluster: Cluster, held: BookedCharge) -> str:
    kind, record_id, _ = held.charge.key
    if kind == "call":
        leg = cluster.legs.get(record_id) or cluster.legs.get(held.merged_into or "")
        return leg.session_id if leg is not None else record_id
    if kind == "other":
        record_type, _, of_record = record_id.partition(":")
        session_id = cluster.contents[record_type, of_record][0].record.session_id
        return session_id or record_id
    return record_id


def _hold(is_held: bool, otherwise: str) -> None:
    if not is_held:
        raise Broken(otherwise)
