"""What the ledger counts."""

from prometheus_client import Counter, Gauge, Histogram

EVENTS = Counter("tollbook_ledger_events_total", "Webhook events recorded", ["result"])
RECORDS = Counter("tollbook_ledger_records_total", "Detail records recorded", ["result"])
SWEEPS = Counter("tollbook_ledger_sweeps_total", "Sweeps recorded", ["verdict"])
ESTIMATE_ERROR = Gauge(
    "tollbook_ledger_estimate_error_nanos",
    "How far estimates of calls that settled in the last 30 days lay from their exact cost",
    ["estimate", "statistic"],
)
ESTIMATED_CALLS = Gauge("tollbook_ledger_estimate_error_calls", "Calls whose estimates were judged")
WAITING_EVENTS = Gauge(
    "tollbook_ledger_intake_events", "Webhook events that are acknowledged and not booked yet"
)
OLDEST_WAITING_S = Gauge(
    "tollbook_ledger_intake_oldest_seconds", "How long the first of these events has been waiting"
)
REFUSED_EVENTS = Gauge(
    "tollbook_ledger_intake_refused_events",
    "Webhook events that the book refused; they are kept in the intake",
)
BOOKING_SECONDS = Histogram(
    "tollbook_ledger_booking_seconds",
    "Time that it took to book webhook events: before they were acknowledged (at_once), or after (taken_in)",
    ["way"],
)
EVENTS.labels("new")
EVENTS.labels("repeated")
