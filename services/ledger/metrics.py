"""What the ledger counts."""

from prometheus_client import Counter

EVENTS = Counter("tollbook_ledger_events_total", "Webhook events recorded", ["result"])
RECORDS = Counter("tollbook_ledger_records_total", "Detail records recorded", ["result"])
SWEEPS = Counter("tollbook_ledger_sweeps_total", "Sweeps recorded", ["verdict"])
EVENTS.labels("new")
EVENTS.labels("repeated")
