"""When a system is back to normal, as those see it who knock every tenth of a second. Pure."""

from tests.benchmarks.load.outcome import Outcome

KNOCK_PACE_S = 0.1
_NORMAL_WITHIN_S = 0.5
_IN_A_ROW = 5


def recovered_after_s(knocks: Outcome, since_s: float) -> float | None:
    """From a moment until the first of five answers in a row that were 200, each within half a second.

    None where that did not happen.
    """
    answers = knocks.answers
    in_a_row: list[float] = []
    for end_s, latency_s, status in zip(answers.end_s, answers.latency_s, answers.status, strict=True):
        is_normal = status == 200 and latency_s <= _NORMAL_WITHIN_S and end_s >= since_s
        in_a_row = [*in_a_row, end_s] if is_normal else []
        if len(in_a_row) == _IN_A_ROW:
            return in_a_row[0] - since_s
    return None
