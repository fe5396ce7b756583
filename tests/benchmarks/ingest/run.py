"""One contestant under load once, and what it took."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tests.benchmarks.book_truth import WrongBookError
from tests.benchmarks.cpu import tree_cpu_s
from tests.benchmarks.ingest.contestants import Contestant
from tests.benchmarks.load.outcome import Outcome
from tests.benchmarks.load.run import Load, send


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one contestant did in one round."""

    acknowledged_per_s: float
    kept_per_s: float
    """Of the acknowledged, until the last of them was in the book."""
    p50_ms: float
    p99_ms: float
    longest_ms: float
    other_count: int
    """Answers that were not 200."""
    cpu_us: Mapping[str, float]
    """CPU time of each process per acknowledged webhook, until the last of them was in the book."""
    generator_share: float
    """Of one core."""


class Acknowledged:
    """How many webhooks each contestant has acknowledged over all rounds, to be held against what it keeps."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._others: Counter[str] = Counter()

    def run(self, contestant: Contestant, folder: Path, load: Load) -> Run:
        """Send, wait until everything is kept, and tell. Raises WrongBookError where something is missing."""
        before = {role: tree_cpu_s(pid) for role, pid in contestant.pids.items()}
        outcome = send(folder, load)
        if outcome.answers.has_run_out:
            raise RuntimeError(
                f"{contestant.name} took all webhooks that were there before the time was over"
            )
        self._keep_count(contestant, outcome)
        kept_s = monotonic() - outcome.start_s
        count = outcome.acknowledged_count
        used = {role: tree_cpu_s(pid) - before[role] for role, pid in contestant.pids.items()}
        return Run(
            acknowledged_per_s=outcome.acknowledged_per_s,
            kept_per_s=count / kept_s,
            p50_ms=outcome.latency_ms(0.5),
            p99_ms=outcome.latency_ms(0.99),
            longest_ms=outcome.latency_ms(1),
            other_count=sum(outcome.other_answers.values()),
            cpu_us={role: used_s / count * 1e6 for role, used_s in used.items()},
            generator_share=outcome.cpu_share,
        )

    def _keep_count(self, contestant: Contestant, outcome: Outcome) -> None:
        self._counts[contestant.name] += outcome.acknowledged_count
        # What was not acknowledged may be kept all the same: its sender was to send it again.
        self._others[contestant.name] += sum(outcome.other_answers.values())
        acknowledged = self._counts[contestant.name]
        held = contestant.wait_until_kept(acknowledged)
        if not acknowledged <= held <= acknowledged + self._others[contestant.name]:
            raise WrongBookError(f"{contestant.name} acknowledged {acknowledged} webhooks and holds {held}")
