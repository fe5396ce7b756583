"""Comparing an exact sum with a rounded one, whichever way it was rounded."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.audit.rounding import agrees, cancels

amounts = st.integers(-(10**13), 10**13)
places = st.integers(0, 11)


def _rounded(nanos: int, decimals: int, how: str) -> int:
    unit = Decimal(1).scaleb(-min(decimals, 9))
    return int((Decimal(nanos).scaleb(-9).quantize(unit, rounding=how)).scaleb(9))


@pytest.mark.parametrize("how", [ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP])
@given(nanos=amounts, decimals=places)
def test_what_was_rounded_in_a_usual_way_agrees(how: str, nanos: int, decimals: int) -> None:
    assert agrees(nanos, _rounded(nanos, decimals, how), decimals)


@given(nanos=amounts, decimals=places, rounded=amounts)
def test_nothing_else_agrees(nanos: int, decimals: int, rounded: int) -> None:
    ways = {_rounded(nanos, decimals, how) for how in (ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP)}
    assert agrees(nanos, rounded, decimals) == (rounded in ways)


@pytest.mark.parametrize(
    ("exact", "rounded", "decimals", "agreed"),
    [
        (15_000_000, 15_000_000, 3, True),
        (15_500_000, 15_000_000, 3, True),
        (15_500_000, 16_000_000, 3, True),
        (15_499_999, 16_000_000, 3, False),
        (14_000_000, 15_000_000, 3, False),
        (-15_500_000, -16_000_000, 3, True),
        (1, 0, 9, False),
        (1, 0, 12, False),
        (1, 0, 8, True),
    ],
)
def test_worked_cases(exact: int, rounded: int, decimals: int, agreed: bool) -> None:
    assert agrees(exact, rounded, decimals) is agreed


@given(moved=st.integers(1, 10**6), one=st.integers(0, 10**6), other=st.integers(0, 10**6), decimals=places)
def test_what_moved_from_one_day_to_the_next_cancels(moved: int, one: int, other: int, decimals: int) -> None:
    unit = 10 ** max(0, 9 - decimals)
    mine, theirs = (one * unit, (one - moved) * unit), (other * unit, (other + moved) * unit)
    assert cancels(mine, theirs, decimals)
    assert cancels(theirs, mine, decimals)
    assert not cancels(mine, (theirs[0] + 2 * unit, theirs[1]), decimals)
