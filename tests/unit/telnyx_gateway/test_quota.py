"""The quota as a value: what its headers say, for whom there is room, and that Telnyx hardly ever has to refuse."""

import heapq
import math
import random
from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.telnyx_gateway.quota import Priority, QuotaHeaders, QuotaWindow, read_quota_headers


@pytest.mark.parametrize(
    ("stated", "limit", "window_s"),
    [
        ("40, 40;w=60", 40, 60),
        ("5, 5;w=1", 5, 1),
        ("10, 40;w=60, 10;w=1", 10, 1),
        ("40", 40, None),
        ("40, 40;w=0", 40, None),
        ("0, 0;w=60", None, None),
        ("-1", None, None),
        ("many", None, None),
        ("99999999999999999999", None, None),
        ("", None, None),
    ],
)
def test_the_limit_header(stated: str, limit: int | None, window_s: int | None) -> None:
    told = read_quota_headers({"x-ratelimit-limit": stated})
    assert (told.limit, told.window_s) == (limit, window_s)


def test_the_other_headers() -> None:
    told = read_quota_headers({"x-ratelimit-remaining": "39", "x-ratelimit-reset": "17"})
    assert told == QuotaHeaders(remaining=39, reset_s=17)
    nonsense = {"x-ratelimit-remaining": "-3", "x-ratelimit-reset": "soon"}
    assert read_quota_headers(nonsense) == QuotaHeaders()
    assert read_quota_headers({"x-ratelimit-reset": "999999"}) == QuotaHeaders()


def confirmed(remaining: int, ends_s: float = 60.0) -> QuotaWindow:
    """A window of which the rest was used by ourselves."""
    window = replace(QuotaWindow.assumed(40, 60, ends_s), granted=40 - remaining, in_flight=1)
    return window.answered(200, QuotaHeaders(40, 60, remaining, math.ceil(ends_s)), now_s=0.0)


def test_before_any_answer_only_one_request_goes() -> None:
    window = QuotaWindow.assumed(40, 60, ends_s=60.0)
    assert window.may_send(Priority.BACKGROUND, 0)
    assert not window.granting().may_send(Priority.PERSON, 0)
    assert not window.granting().lost().granting().may_send(Priority.PERSON, 0)


@pytest.mark.parametrize(
    ("remaining", "first_served"),
    [
        (15, Priority.BACKGROUND),
        (14, Priority.JOB),
        (5, Priority.JOB),
        (4, Priority.PERSON),
        (1, Priority.PERSON),
    ],
)
def test_the_last_requests_are_kept_for_jobs_and_then_for_people(
    remaining: int, first_served: Priority
) -> None:
    window = confirmed(remaining).wanted(Priority.JOB, 0)
    assert [p for p in Priority if window.may_send(p, 0)] == [p for p in Priority if p <= first_served]


def test_where_no_job_came_lately_the_background_leaves_what_people_and_a_first_attempt_need() -> None:
    assert confirmed(7).may_send(Priority.BACKGROUND, 0)
    assert not confirmed(6).may_send(Priority.BACKGROUND, 0)
    assert confirmed(6).may_send(Priority.JOB, 0)
    busy = confirmed(7).wanted(Priority.JOB, 0).wanted(Priority.BACKGROUND, 50)
    assert not busy.may_send(Priority.BACKGROUND, 50)
    assert replace(busy, ends_s=180.0).may_send(Priority.BACKGROUND, 121)


def test_beside_another_client_a_little_is_spared_and_few_are_under_way() -> None:
    window = confirmed(40).granting().answered(200, QuotaHeaders(40, 60, 12, 50), now_s=10.0)
    assert window.is_shared
    assert window.granting().may_send(Priority.JOB, 10)
    assert not window.granting().granting().may_send(Priority.PERSON, 10)
    nearly_over = window.granting().answered(200, QuotaHeaders(40, 60, 6, 50), now_s=10.0)
    assert not nearly_over.may_send(Priority.JOB, 10)
    assert nearly_over.may_send(Priority.PERSON, 10)
    # What was told 6 s ago may no longer be true: one goes ahead and asks.
    assert window.may_send(Priority.JOB, 16)
    assert not window.granting().may_send(Priority.JOB, 16)
    following = window.at(60)
    assert following.is_shared
    assert not following.at(120).is_shared


def test_reserves_are_released_near_the_end_of_the_window() -> None:
    window = confirmed(1)
    assert not window.may_send(Priority.JOB, 56)
    assert window.next_change_s(56) == 57
    assert window.may_send(Priority.JOB, 57)
    assert window.may_send(Priority.BACKGROUND, 57)
    assert window.next_change_s(57) == 60


def test_nothing_is_sent_when_nothing_is_left_until_the_window_ends() -> None:
    window = confirmed(0)
    assert window.is_spent()
    assert not any(window.may_send(priority, 59.9) for priority in Priority)
    fresh = window.at(60)
    assert (fresh.remaining, fresh.ends_s, fresh.is_confirmed) == (40, 120, False)
    assert window.at(200).ends_s == 240


def test_what_others_used_of_the_account_counts() -> None:
    window = confirmed(30).granting()
    window = window.answered(200, QuotaHeaders(40, 60, 7, 50), now_s=10)
    assert window.remaining == 7


def test_an_older_answer_that_comes_late_raises_nothing() -> None:
    window = confirmed(30).granting().granting()
    window = window.answered(200, QuotaHeaders(40, 60, 28, 60), 0).answered(
        200, QuotaHeaders(40, 60, 29, 60), 0
    )
    assert window.remaining == 28


def test_requests_in_flight_count_until_they_are_answered() -> None:
    window = confirmed(10).granting().granting()
    assert window.remaining == 8
    assert window.lost().lost().remaining == 8
    assert window.withdrawn().withdrawn().remaining == 10


def test_a_refusal_means_silence_until_the_end_it_names() -> None:
    window = confirmed(20).granting().answered(429, QuotaHeaders(40, 60, 0, 25), now_s=30)
    assert window.is_spent()
    assert window.ends_s == 55
    without_headers = confirmed(20).granting().answered(429, QuotaHeaders(), now_s=30)
    assert (without_headers.is_spent(), without_headers.ends_s) == (True, 60)
    at_the_turn = confirmed(20).granting().answered(429, QuotaHeaders(40, 60, 0, 0), now_s=59.99)
    assert at_the_turn.ends_s == pytest.approx(60.99)


def test_a_refusal_that_says_something_is_left_is_not_about_the_quota() -> None:
    window = confirmed(20).granting().answered(429, QuotaHeaders(40, 60, 19, 25), now_s=30)
    assert window.remaining == 19


def test_answers_without_headers_are_counted_by_ourselves() -> None:
    window = QuotaWindow.assumed(40, 60, ends_s=60.0)
    for _ in range(3):
        window = window.granting().answered(200, QuotaHeaders(), 0)
    assert (window.remaining, window.is_confirmed) == (37, True)
    assert not QuotaWindow.assumed(40, 60, 60).granting().answered(502, QuotaHeaders(), 0).is_confirmed


def test_a_limit_other_than_assumed_is_taken_over() -> None:
    higher = QuotaWindow.assumed(40, 60, 60).granting().answered(200, QuotaHeaders(100, 10, 99, 4), 0)
    assert (higher.remaining, higher.limit, higher.window_s, higher.ends_s) == (99, 100, 10, 4)
    lower = QuotaWindow.assumed(40, 60, 60).granting().answered(200, QuotaHeaders(10, 60, 9, 60), 0)
    assert lower.remaining == 9


def test_an_answer_that_was_under_way_while_the_window_turned_tells_nothing_of_the_new_one() -> None:
    window = confirmed(1).granting().at(60.1)
    assert (window.remaining, window.ends_s) == (39, 120)
    window = window.answered(200, QuotaHeaders(40, 60, 0, 1), now_s=60.2)
    assert (window.remaining, window.ends_s, window.is_confirmed) == (40, 120, False)


def test_a_window_that_turned_before_we_knew_is_noticed() -> None:
    window = confirmed(0, ends_s=60).answered(200, QuotaHeaders(40, 60, 39, 58), now_s=58)
    assert (window.ends_s, window.remaining) == (116, 39)


@dataclass
class Server:
    """Telnyx's side: a fixed window whose clock differs from ours, and other programs that use the account."""

    limit: int
    window_s: int
    skew_s: float
    others_per_window: int
    window: int = -1
    used: int = 0
    ours: Counter[int] = field(default_factory=Counter)
    refused: int = 0

    def take(self, now_s: float) -> tuple[int, QuotaHeaders]:
        moment_s = now_s + self.skew_s
        window = int(moment_s // self.window_s)
        if window != self.window:
            self.window, self.used = window, min(self.others_per_window, self.limit)
        allowed = self.used < self.limit
        self.used += allowed
        self.ours[window] += allowed
        self.refused += not allowed
        reset_s = math.ceil(self.window_s - moment_s % self.window_s)
        return 200 if allowed else 429, QuotaHeaders(
            self.limit, self.window_s, self.limit - self.used, reset_s
        )


@dataclass(order=True)
class Arrival:
    at_s: float
    number: int
    kind: str = field(compare=False)
    answer: tuple[int, QuotaHeaders] | None = field(compare=False, default=None)


def run_for(server: Server, duration_s: float, latency_s: float, loss_rate: float, rng: random.Random) -> int:
    """Sends as eagerly as the window allows; how many requests were sent."""
    window = QuotaWindow.assumed(40, 60, ends_s=60.0)
    now_s, sent, events = 0.0, 0, list[Arrival]()
    while now_s < duration_s:
        window = window.at(now_s)
        while window.may_send(Priority.PERSON, now_s):
            window, sent = window.granting(), sent + 1
            there_s, back_s = rng.uniform(0.01, latency_s), rng.uniform(0.01, latency_s)
            heapq.heappush(events, Arrival(now_s + there_s, 3 * sent, f"reaches {back_s}"))
        next_s = min([event.at_s for event in events[:1]] + [max(window.next_change_s(now_s), now_s + 0.001)])
        now_s = next_s
        while events and events[0].at_s <= now_s:
            event = heapq.heappop(events)
            if event.answer is not None:
                window = window.at(now_s).answered(*event.answer, now_s)
            elif event.kind == "lost":
                window = window.at(now_s).lost()
            else:
                answer = server.take(event.at_s)
                back_s = float(event.kind.split()[1])
                is_lost = rng.random() < loss_rate
                kind = "lost" if is_lost else "answered"
                back = Arrival(event.at_s + back_s, event.number + 1, kind, None if is_lost else answer)
                heapq.heappush(events, back)
    return sent


@settings(deadline=None)
@given(
    limit=st.integers(1, 60),
    window_s=st.sampled_from([5, 60]),
    skew_s=st.floats(0, 120),
    latency_s=st.floats(0.02, 0.4),
    seed=st.integers(0, 10**6),
)
def test_alone_on_the_account_no_request_is_refused_and_the_quota_is_used(
    limit: int, window_s: int, skew_s: float, latency_s: float, seed: int
) -> None:
    server = Server(limit, window_s, skew_s, others_per_window=0)
    run_for(server, 20 * window_s + 60, latency_s, loss_rate=0.0, rng=random.Random(seed))
    assert server.refused == 0
    if window_s == 60 and limit <= 40:
        # Windows from the second to the last but one were there as a whole.
        assert all(server.ours[number] >= limit - 1 for number in sorted(server.ours)[1:-1])


@settings(deadline=None)
@given(
    limit=st.integers(5, 60),
    window_s=st.sampled_from([1, 2]),
    skew_s=st.floats(0, 120),
    seed=st.integers(0, 10**6),
)
def test_windows_about_as_short_as_a_round_trip_cost_few_refusals(
    limit: int, window_s: int, skew_s: float, seed: int
) -> None:
    """`x-ratelimit-reset` counts whole seconds: nobody can tell exactly when such a window ends."""
    server = Server(limit, window_s, skew_s, others_per_window=0)
    sent = run_for(server, 20 * window_s + 60, 0.35, loss_rate=0.0, rng=random.Random(seed))
    assert server.refused * 10 <= sent


@settings(deadline=None)
@given(
    others=st.integers(0, 60),
    skew_s=st.floats(0, 120),
    loss_rate=st.floats(0, 0.2),
    seed=st.integers(0, 10**6),
)
def test_with_others_on_the_account_and_lost_answers_a_window_costs_hardly_a_refusal(
    others: int, skew_s: float, loss_rate: float, seed: int
) -> None:
    server = Server(limit=40, window_s=60, skew_s=skew_s, others_per_window=others)
    window_count = 20
    run_for(server, 60.0 * window_count, 0.3, loss_rate, random.Random(seed))
    # The first request of a window cannot know what others have used; its refusal can get lost on the way.
    assert server.refused <= 1.5 * window_count + 3


def test_what_another_program_uses_shows_beside_our_own_requests() -> None:
    window = QuotaWindow.assumed(40, 60.0, 60.0).granting()
    assert window.used_by_others == 0
    window = window.answered(200, QuotaHeaders(40, 60, 39, 50), now_s=10.0)
    assert window.used_by_others == 0
    window = window.granting().answered(200, QuotaHeaders(40, 60, 31, 49), now_s=11.0)
    assert window.used_by_others == 7
    # What is under way may be counted already: it is never taken for somebody else's.
    assert window.granting().used_by_others == 6
