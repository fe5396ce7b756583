"""What the reconciler counts for operators. Names follow Prometheus; ages and times are in seconds."""

from collections import Counter as Counts

from prometheus_client import Counter, Gauge, Histogram

JOBS = Gauge("tollbook_jobs", "Jobs that are not completed, by status", ["status"])
JOB_ATTEMPTS = Histogram(
    "tollbook_job_attempts", "Attempts that a settled job took", buckets=(0, 1, 2, 3, 4, 5, 6, 7, 10)
)
REQUESTS = Counter(
    "tollbook_detail_record_requests", "Requests for detail records, by priority", ["priority"]
)
SETTLED = Counter("tollbook_settled_items", "Call legs and messages that this process saw settle")
REQUESTS_PER_SETTLED = Gauge(
    "tollbook_requests_per_settled_item", "Requests for detail records per item settled, since the start"
)
SWEEPS = Counter("tollbook_sweeps", "Sweeps that were recorded, by verdict", ["verdict"])
UNSETTLED = Gauge("tollbook_unsettled_items", "Call legs and messages that are not settled")
WAITING_JOBS = Gauge("tollbook_waiting_jobs", "Due jobs whose attempt waits for others to share its requests")
WORK_STANDSTILL_S = Gauge(
    "tollbook_work_standstill_seconds",
    "Time since the last step of the turn that runs, or since the next one was due, by work; 0 between turns",
    ["work"],
)
WORK_FAILING_S = Gauge(
    "tollbook_work_failing_seconds",
    "For how long the turns of a work have failed; 0 if they do not",
    ["work"],
)
OLDEST_UNSETTLED_S = Gauge("tollbook_oldest_unsettled_seconds", "Age of the oldest item that is not settled")


class RequestTally:
    """Keeps the ratio that tells how well the quota is spent."""

    def __init__(self) -> None:
        self._request_counts: Counts[str] = Counts()
        self._settled_count = 0

    def requested(self, priority: str, request_count: int) -> None:
        """Requests were made."""
        REQUESTS.labels(priority=priority).inc(request_count)
        self._request_counts[priority] += request_count
        self._show()

    def requests_for(self, priority: str) -> int:
        """How many were made so far with this priority."""
        return self._request_counts[priority]

    def settled(self, attempts: int) -> None:
        """An item settled, after this many attempts of its job."""
        SETTLED.inc()
        JOB_ATTEMPTS.observe(attempts)
        self._settled_count += 1
        self._show()

    def _show(self) -> None:
        if self._settled_count:
            REQUESTS_PER_SETTLED.set(self._request_counts.total() / self._settled_count)
