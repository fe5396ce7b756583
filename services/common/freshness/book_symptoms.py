"""What the book shows of those who should tell it something, and of its own work. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from services.common.freshness.observed import BookFreshness
from services.common.freshness.part_symptoms import in_words
from services.common.freshness.symptom import Patience, Symptom

_WEBHOOK_ADVICE: Final = (
    "Compare the webhook URL in Telnyx's portal with this edge's /api/telnyx/webhooks/calls, and see that it can be "
    "reached from outside. What was missed is recovered within the hour."
)


def silent_webhooks(book: BookFreshness, now: datetime) -> Iterator[Symptom]:
    """Telnyx has records of calls or messages that no webhook told of, and none has come since."""
    if book.silent_since is None or not book.unannounced_count:
        return
    count = book.unannounced_count
    shown = f"{count} {'call or message' if count == 1 else 'calls and messages'}"
    yield Symptom(
        "webhooks_silent",
        book.silent_since,
        f"No webhook has come for {in_words(now - book.silent_since)}, and yet Telnyx has records of {shown} since.",
        _WEBHOOK_ADVICE,
    )


def own_work(
    book: BookFreshness, now: datetime, watched_since: datetime, patience: Patience
) -> Iterator[Symptom]:
    """The ledger takes webhooks and does not book them, or books entries and does not seal them."""
    if book.unbooked_age is not None and book.unbooked_age >= patience.unbooked:
        yield Symptom(
            "booking_stuck",
            now - book.unbooked_age,
            f"Webhooks that were acknowledged have not been booked for {in_words(book.unbooked_age)}.",
            "They are durable. The log of the ledger says what is in the way; a restart of it loses nothing.",
        )
    if book.unsealed_since is not None:
        # The entries of a restored or imported book are old from the start.
        since = max(book.unsealed_since, watched_since)
        if now - since >= patience.unsealed:
            yield Symptom(
                "sealing_stuck",
                since,
                f"Entries of the journal have not been sealed for {in_words(now - since)}.",
                "Nothing is lost, but tollbook head is behind. The log of the ledger says why; a restart of it "
                "loses nothing.",
            )


def nothing_read(
    book: BookFreshness, now: datetime, watched_since: datetime, patience: Patience
) -> Iterator[Symptom]:
    """The balance is read every five minutes, whatever else there is to do: whoever should read it does not.

    A book that never had a balance is of an account whose key may not read it.
    """
    if book.last_balance_at is None:
        return
    since = max(book.last_balance_at, watched_since)
    if now - since >= patience.balance:
        yield Symptom(
            "nothing_read",
            since,
            f"Nothing has been read at Telnyx for {in_words(now - since)}.",
            "See the logs of the reconciler and of telnyx-gateway; tollbook doctor tells more.",
        )
