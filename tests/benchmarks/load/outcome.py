"""What one run of the load generator saw. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from tests.benchmarks.load.connection import Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Every answer of a run. Sending began at `start_s`, ended at `end_s`, and the last answers were waited for."""

    start_s: float
    end_s: float
    elapsed_s: float
    cpu_s: float
    answers: Answers

    @property
    def acknowledged_count(self) -> int:
        """How many requests were answered with 200, those after `end_s` among them."""
        return self.answers.status.count(200)

    @property
    def acknowledged_per_s(self) -> float:
        """The pace while everybody was sending."""
        in_time = sum(
            status == 200 and end_s <= self.end_s
            for status, end_s in zip(self.answers.status, self.answers.end_s, strict=True)
        )
        return in_time / (self.end_s - self.start_s)

    @property
    def other_answers(self) -> dict[int, int]:
        """How many answers were not 200, by status; LOST stands for none at all."""
        return {status: count for status, count in Counter(self.answers.status).items() if status != 200}

    @property
    def cpu_share(self) -> float:
        """What the generator itself took of one core."""
        return self.cpu_s / self.elapsed_s

    def latency_ms(self, share: float, status: int = 200) -> float:
        """The latency that `share` of the answers with this status did not exceed; share 1 is the longest."""
        columns = zip(self.answers.status, self.answers.latency_s, strict=True)
        return quantile([latency for each, latency in columns if each == status], share) * 1000

    def per_second(self, status: int = 200) -> list[int]:
        """How many answers of this status came in each second since the start."""
        counts = Counter(
            int(end_s - self.start_s)
            for each, end_s in zip(self.answers.status, self.answers.end_s, strict=True)
            if each == status
        )
        return [counts[second] for second in range(max(counts, default=-1) + 1)]


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed. Raises ValueError where there are none."""
    if not values:
        raise ValueError("no values to take a quantile of")
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]
