"""Telling the threads of a process apart."""

import pytest

from tests.benchmarks.profile import thread_words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("main", "event loop"),
        ("writer_0", "writing threads"),
        ("writer_12", "writing threads"),
        ("event_engine", "gRPC's own threads"),
        ("Thread-1 (_poll", "other threads of Python"),
        ("sealer", "sealer"),
    ],
)
def test_threads_of_one_pool_are_called_alike(name: str, words: str) -> None:
    assert thread_words(name) == words
