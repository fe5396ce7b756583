"""How long the supervisor waits before it starts a process again."""

from services.cli.backoff import Backoff


def test_the_wait_doubles_up_to_ten_seconds() -> None:
    backoff = Backoff()
    waits_s = [backoff.delay_after(up_s=1.0) for _ in range(8)]
    assert waits_s == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_a_steady_run_starts_it_over() -> None:
    backoff = Backoff()
    assert [backoff.delay_after(up_s) for up_s in (0.0, 0.0, 29.9, 30.0, 0.0)] == [0.2, 0.4, 0.8, 0.2, 0.4]


def test_a_process_that_never_comes_up_is_tried_for_ever() -> None:
    backoff = Backoff()
    assert {backoff.delay_after(0.0) for _ in range(5_000)} == {0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0}
