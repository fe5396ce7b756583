"""Pieces of bodies are kept up to a bound, and what one body took is free again at its end."""

import pytest

from gateway.problems import Problem
from gateway.unfinished_bodies import UnfinishedBodies


def test_all_of_them_together_are_bounded() -> None:
    unfinished = UnfinishedBodies(10)
    with unfinished.body() as one:
        one.add(b"abcd")
        one.add(b"ef")
        with unfinished.body() as other:
            other.add(b"ghij")
            with pytest.raises(Problem) as refused:
                other.add(b"k")
            assert refused.value.status == 503
            assert (refused.value.headers or {})["Retry-After"] == "1"
            assert other.joined() == b"ghij"
        one.add(b"klmn")
        assert (one.joined(), one.size_bytes) == (b"abcdefklmn", 10)
    assert unfinished.held_bytes == 0


def test_what_a_body_took_is_free_after_a_fault() -> None:
    unfinished = UnfinishedBodies(10)
    with pytest.raises(RuntimeError), unfinished.body() as body:
        body.add(b"abc")
        raise RuntimeError
    assert unfinished.held_bytes == 0
