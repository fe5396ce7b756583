"""Where CPU time goes, by the functions under way."""

import signal
import time

import pytest

from tests.benchmarks.sampling import OUTSIDE, Steps, sampled_below, step_of


@pytest.mark.parametrize(
    ("stack", "step"),
    [
        (["main", "work", "add", "insert", "execute"], ("add", "insert")),
        (["main", "work", "add"], ("add",)),
        (["main", "work"], ("work",)),
        (["main", "work", "add", "work", "insert"], ("add", "work")),
        (["main", "commit"], OUTSIDE),
    ],
)
def test_a_step_is_what_the_function_has_called(stack: list[str], step: tuple[str, ...]) -> None:
    assert step_of(stack, "work", depth=2) == step


def _spin(steps: Steps) -> None:
    # How often a CPU timer fires is the kernel's to say: it is waited for what is asserted, within bounds.
    until_s = time.thread_time() + 10
    while steps["_spin",] < 10 and time.thread_time() < until_s:
        pass


def _work(steps: Steps) -> None:
    _spin(steps)


def test_what_is_busy_is_seen_and_the_timer_ends_with_the_block() -> None:
    before = signal.getsignal(signal.SIGPROF)
    with sampled_below("_work", depth=1) as steps:
        _work(steps)
    assert steps["_spin",] >= 10
    assert signal.getsignal(signal.SIGPROF) == before
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
