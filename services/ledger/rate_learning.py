"""Learning rates, now and then, while the ledger runs."""

from functools import partial

from sqlalchemy import Connection

from services.ledger.learned_rates import LearnedRates, learn_rates
from services.ledger.periodic import keep_doing
from services.ledger.store.book import Book
from services.ledger.store.exact_calls import exact_calls

_PAUSE_S = 900.0


async def learn_from(book: Book) -> None:
    """Let the book estimate at what its latest exact calls show. Raises Unavailable."""
    now, currency = book.clock.now(), book.rules.account_currency

    def learn(connection: Connection) -> LearnedRates:
        return learn_rates(exact_calls(connection, now, currency))

    book.learn(await book.database.read_async(learn))


async def keep_learning(book: Book) -> None:
    """Learn now and each quarter of an hour; never ends."""
    await keep_doing("rates.learn", partial(learn_from, book), _PAUSE_S)
