"""What the edge counts; served under GATEWAY_ADMIN_LISTEN."""

from prometheus_client import Counter, Gauge, Histogram

WEBHOOKS = Counter(
    "tollbook_webhooks_total",
    "Webhook deliveries by what became of them: recorded, quarantined, forged, failed, ...",
    ["outcome"],
)
BATCH_EVENTS = Histogram(
    "tollbook_webhook_batch_events",
    "Webhook events per call to the ledger",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
)
WAITING_EVENTS = Gauge(
    "tollbook_webhooks_waiting", "Webhook events that wait for the next call to the ledger"
)
READS_SHED = Counter(
    "tollbook_reads_shed_total",
    "Reads that were answered with 503 because webhooks come first, or too many at once",
)
STALE = Gauge(
    "tollbook_stale", "1 while something has stopped that should go on, by its name in /readyz", ["name"]
)
LIVE_VIEWERS = Gauge("tollbook_live_viewers", "Open pages that are told of changes")
HTTP_SECONDS = Histogram(
    "tollbook_http_seconds",
    "Time that HTTP requests took, by route, method and status",
    ["route", "method", "status"],
)
