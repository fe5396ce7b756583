"""The account's numbers of which there are sums, each found by a step through the index from the one before.

Sums are kept by number first. To read a month of all numbers they are looked up one by one: to pass over the other
months of each would take as long as the book is old.
"""

from sqlalchemy import Select, func, select

from services.ledger import tables

_SUMS = tables.number_rollups


def summed_numbers() -> Select[tuple[str]]:
    """Every number, and at last a NULL, which is equal to none."""
    first = select(func.min(_SUMS.c.phone_number).label("phone_number")).cte("numbers", recursive=True)
    following = select(func.min(_SUMS.c.phone_number)).where(_SUMS.c.phone_number > first.c.phone_number)
    step = select(following.scalar_subquery()).where(first.c.phone_number.is_not(None))
    return select(first.union_all(step).c.phone_number)
