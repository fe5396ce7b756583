"""Many who write one book at the same time, and sessions that keep them busy with one another."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier

from services.ledger.store.book import Book
from tests.support.ledger_books import Fact, record_batch
from tests.support.ledger_facts import LegIds, leg, message, message_record


def run_together(*works: Callable[[], None]) -> None:
    """Run all at once, each in a thread of its own; what one raises is raised here."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        barrier.wait(timeout=30)
        work()

    with ThreadPoolExecutor(len(works)) as pool:
        list(pool.map(run, works))


def facts_of_sessions(count: int) -> list[Fact]:
    """Sessions of two legs with everything that has to come in, and what joins each session with the next."""
    facts: list[Fact] = []
    for number in range(count):
        customer, agent = (leg(f"{name} {number}", f"session {number}") for name in ("customer", "agent"))
        following = leg(f"customer {number + 1}", f"session {number + 1}")
        facts += [
            customer.event("call.answered", 5),
            customer.hangup(65),
            customer.call_cost(70, {"sip-trunking": "0.01", "call-control": "0.004"}),
            agent.hangup(64),
            LegIds(customer.session_id, agent.call_control_id, "").event("call.bridged", 20),
            customer.record("sip-trunking", "0.01", number),
            LegIds(customer.session_id, leg_id=customer.leg_id).record("call-control", "0.004", number),
            agent.record("call-control", "0.006", number),
            customer.record("recording", "0.002", number),
            message(f"message {number}", total="0.0051"),
            message_record(f"message {number}", "0.0051"),
        ]
        if number % 3 == 0:
            facts.append(LegIds(customer.session_id, following.call_control_id, "").event("call.bridged", 90))
    return facts


def write_all(book: Book, facts: list[Fact], random: Random) -> None:
    """Record facts in batches of any size, in any order; events and records in turn."""
    left = random.sample(facts, len(facts))
    while left:
        size = random.randint(1, 12)
        record_batch(book, left[:size])
        left = left[size:]
