"""What the ledger counts."""

from prometheus_client import Counter, Gauge

EVENTS = Counter("tollbook_ledger_events_total", "Webhook events recorded", ["result"])
RECORDS = Counter("tollbook_ledger_records_total", "Detail records recorded", ["result"])
SWEEPS = Counter("tollbook_ledger_sweeps_total", "Sweeps recorded", ["verdict"])
ESTIMATE_ERROR = Gauge(
    "tollbook_ledger_estimate_error_nanos",
    "How far estimates of calls that settled in the last 30 days lay from their exact cost",
    ["estimate", "statistic"],
)
ESTIMATED_CALLS = Gauge("tollbook_ledger_estimate_error_calls", "Calls whose estimates were judged")
EVENTS.labels("new")
EVENTS.labels("repeated")
