"""Page tokens."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import InvalidInput
from services.common.times import from_micros
from services.reconciler.cursors import read_token, write_token
from services.reconciler.jobs import JobPosition


@given(st.integers(0, 4_000_000_000_000_000), st.integers(1, 2**62))
def test_a_token_leads_back_to_its_place(micros: int, row_id: int) -> None:
    position = JobPosition(from_micros(micros), row_id)
    assert read_token(write_token(position)) == position


def test_no_place_is_no_token() -> None:
    assert write_token(None) == ""
    assert read_token("") is None


@given(st.text(min_size=1, max_size=100))
def test_any_other_text_is_refused(text: str) -> None:
    # Nothing but a position or a refusal may come of it.
    with suppress(InvalidInput):
        assert read_token(text) is not None


@pytest.mark.parametrize("token", ["MTI", "x" * 100, "MToyOjM=", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTox"])
def test_broken_tokens_are_refused(token: str) -> None:
    with pytest.raises(InvalidInput):
        read_token(token)
