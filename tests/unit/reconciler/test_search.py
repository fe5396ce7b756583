"""What it costs to find what a count shows to be unread."""

from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.search import finding_cost, is_read_whole, is_rich, reading_cost

counts = st.integers(0, 500_000)


@given(counts, counts)
def test_finding_never_costs_more_than_reading_all(total: int, held: int) -> None:
    assert 1 <= finding_cost(total, held) <= reading_cost(total)


@given(counts, st.integers(1, 100))
def test_what_differs_more_costs_more(total: int, differing: int) -> None:
    assert finding_cost(total, total - differing) <= finding_cost(total, total - differing - 1)


def test_one_record_among_many_pages_is_searched_and_two_pages_are_read() -> None:
    assert finding_cost(51_200, 51_199) == 11
    assert not is_read_whole(51_200, 51_199)
    assert is_read_whole(100, 99)
    assert is_read_whole(51_200, 0)


def test_a_book_that_holds_nothing_of_it_is_rich_and_one_that_lacks_a_few_is_not() -> None:
    assert is_rich(10_000, 0)
    assert not is_rich(10_000, 9_980)
    assert not is_rich(10_000, 10_020)
